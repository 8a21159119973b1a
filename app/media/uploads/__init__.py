"""Bringing files in over any link: an upload goes on where it was cut, after minutes or days, until the file is here whole.

The browser speaks tus 1.0 (`docs/uploads.md`). Bytes go into a file below the instance's folder and are on the disk before they are
acknowledged; the row says how many. When the last one has arrived the worker checks the whole and makes it an asset.
"""
