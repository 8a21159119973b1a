"""Video and documents as assets: checked on arrival, prepared by the worker, handed out only to those who may have them."""
