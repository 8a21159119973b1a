"""The product as people meet it: the very processes they run, in a real browser."""
