"""The live room as people talk in it: who is there, questions to the speaker, chat, polls, raised hands, slides; one ordered stream of
changes that a late or returning browser catches up with. It knows nothing of pictures and sound, nor of what presence is worth."""
