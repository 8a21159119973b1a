"""Pages that mix features: the front page, the learner's home, the site search, the administrator's health page."""
