"""The look of the product: layouts, components, drawings, formats and the front-end files that every page shares.

`README.md` in this folder is the catalogue that features compose their pages from. This package knows no feature; features fill its
slots (`navigation.py`) and hand plain values to its macros.
"""
