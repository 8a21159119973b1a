"""Course packages: a course as a folder of text and media that can be read, reviewed and versioned (docs/content-format.md).

`reader` reads a folder and says everything that is wrong with it, each fault with its file and line. `publishing` makes a package the
course's next version, `exporting` writes a published version back, byte for byte.
"""
