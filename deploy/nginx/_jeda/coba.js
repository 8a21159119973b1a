// Asks quietly whether the page is there again, and opens it when it is. Everybody waits a little differently, so that not all come at once.
const ask = async () => {
  try {
    const answer = await fetch(location.href, { method: 'HEAD', cache: 'no-store' });
    if (answer.status < 500) return location.reload();
  } catch {
    // no connection: ask again later
  }
  setTimeout(ask, 3000 + Math.random() * 5000);
};
setTimeout(ask, 2000 + Math.random() * 4000);
