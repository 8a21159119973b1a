"""The ground every feature stands on: database, transactions, events, jobs, clock, errors, files, clean HTML, who may do what.

It knows no feature. Nothing in here says course, quiz or JP.
"""
