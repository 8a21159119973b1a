"""After the end: the recording as a lesson a minute later, with chapters, questions and chat on its clock; what watching it is worth to
those who missed a part; the summary for the organizer."""
