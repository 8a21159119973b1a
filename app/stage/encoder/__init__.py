"""The live encoder: a small process of its own that turns the growing recordings of all rooms into what viewers play. It knows files, not the
database, so that neither a crash of the web process nor one of ffmpeg costs a broadcast."""
