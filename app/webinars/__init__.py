"""Webinars as they are planned: title, partner, agenda with speakers, quota and waiting list, registration of ASN and guests, reminders,
materials and tests before, conditions for credit; and the one page of a webinar, whose live and after states are drawn by features above."""
