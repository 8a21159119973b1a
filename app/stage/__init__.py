"""The stage and the media path: speakers and moderators see and hear each other, one browser composes the programme, its pieces become HLS
that everybody watches, and the raw recording that nothing may lose."""
