"""Questions to the speaker: asked, supported, moderated, merged, answered aloud or in writing."""
