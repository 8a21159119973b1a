"""The chat beside the picture: plain lines, replies, corrections within five minutes, and a moderator who can slow or close it."""
