"""Plugs the live room into the application."""

from flask import Flask

from app.kernel.sockets import socketio
from app.room import agenda, hands, jobs, models, on_air, pages, people, presence, slides, subscribers  # noqa: F401  for the tables and jobs
from app.room.chat.events import ChatEvents
from app.room.chat.part import Chat
from app.room.cli import room_commands
from app.room.namespace import RoomNamespace
from app.room.polls.events import PollEvents
from app.room.polls.part import Polls
from app.room.questions.events import QuestionEvents
from app.room.questions.part import Questions
from app.room.rooms import Rooms
from app.room.slots import register_events, register_part

PARTS = (presence.Presence, people.People, on_air.OnAir, agenda.Agenda, Questions, Polls, Chat, hands.Hands, slides.Slides)
EVENTS = (people.PeopleEvents, agenda.AgendaEvents, QuestionEvents, PollEvents, ChatEvents, hands.HandEvents, slides.SlideEvents)


def init_app(app: Flask) -> None:
    app.extensions["gurindam_rooms"] = Rooms(app)
    for part in PARTS:
        register_part(part)
    for group in EVENTS:
        register_events(group())
    subscribers.subscribe(app)
    app.register_blueprint(pages.bp)
    pages.register_pages()
    socketio.on_namespace(RoomNamespace(app.extensions["gurindam_rooms"]))
    app.cli.add_command(room_commands)
