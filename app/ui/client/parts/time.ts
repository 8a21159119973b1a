/** Times as the page's language writes them: "9.42" in Indonesian, "9:42" in English. */
const page = document.documentElement;

export const timeMark = page.lang === 'en' ? ':' : '.';
/** The installation's, as the server tells times: by a device set to another zone they would seem hours off. */
export const timeZone = page.dataset['zone'] || undefined;

const hours = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone });
const two = (part: number): string => String(part).padStart(2, '0');

/** A length of time, or a second of a recording: "9.42", and "1.04.05" from an hour on. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60) % 60;
  return (whole >= 3600 ? [Math.floor(whole / 3600), two(minutes), two(whole % 60)] : [minutes, two(whole % 60)]).join(timeMark);
}

/** A time of day: "09.42". */
export function timeOfDay(moment: string | Date): string {
  return hours.format(new Date(moment)).replace(':', timeMark);
}
