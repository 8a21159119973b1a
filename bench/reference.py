"""What the product is measured against: a bare Flask application on the same database file and the same server.

`GET /one/<id>` is one SELECT by primary key, `POST /one` one INSERT that is on the disk when it is answered. Nothing else: no session,
no template, no translation. It uses the product's engine, so that both pay the same for SQLAlchemy, its pool and the same PRAGMAs.
"""

from __future__ import annotations

from app.serve import Server  # first of all: it turns the process into a gevent one

# isort: split
import os
import sys

from flask import Flask, jsonify, request
from geventwebsocket.handler import WebSocketHandler
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select

from app.kernel.db import engine_options, prepare_engine, write_intent

metadata = MetaData()
people = Table("user_account", metadata, Column("id", Integer, primary_key=True), Column("full_name", String))
notes = Table("bench_note", metadata, Column("id", Integer, primary_key=True), Column("attempt_id", Integer), Column("note", String(200)))


def make_app(url: str) -> Flask:
    app = Flask(__name__)
    engine = create_engine(url, **engine_options(url))
    prepare_engine(engine)
    with write_intent(), engine.begin() as connection:
        notes.create(connection, checkfirst=True)

    @app.get("/one/<int:key>")
    def one(key: int):
        with engine.connect() as connection:
            row = connection.execute(select(people.c.id, people.c.full_name).where(people.c.id == key)).one()
        return jsonify(id=row.id, name=row.full_name)

    @app.post("/one")
    def add():
        body = request.get_json()
        with write_intent(), engine.begin() as connection:
            made = connection.execute(insert(notes).values(attempt_id=body["question"], note=str(body["response"])))
        return jsonify(id=made.inserted_primary_key[0])

    return app


def main() -> int:
    app = make_app(f"sqlite:///{os.environ['INSTANCE_PATH']}/gurindam.sqlite3")
    server = Server(("127.0.0.1", int(os.environ["PORT"])), app, handler_class=WebSocketHandler, log=None, error_log=None)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
