"""Quizzes: questions and their types, attempts with the server's deadline, answers that are never dropped, grading."""
