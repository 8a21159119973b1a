"""Taking a quiz: start, questions, answers, submitting, the result."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.assessment import answers, pages, queries, services
from app.assessment.answers import MOST_OPERATIONS, NewEntry, new_answer, new_mark, read_operation, save_entries
from app.assessment.forms import response_from
from app.assessment.permissions import TAKE_QUIZ
from app.assessment.question_types import presented
from app.assessment.quizzes import AttemptFacts
from app.assessment.rules import StartRefusal, is_late
from app.assessment.sheets import read_sheet
from app.assessment.slots import way_back_for, way_on_for
from app.kernel import clock
from app.kernel.access import identifies, requires
from app.kernel.bodies import read_json, takes
from app.kernel.cookies import form_token
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Invalid, NotFound, TooLarge
from app.kernel.http import wants_json
from app.people.sessions import get_signed_in_id
from app.ui.formats import local

bp = Blueprint("assessment", __name__, template_folder="templates", url_prefix="/kuis")

LARGEST_BODY_BYTES = 512 * 1024
ATTEMPT = "/percobaan/<int(max=2147483647):attempt_id>"


@bp.post("/<int(max=2147483647):quiz_id>/percobaan")
@requires(TAKE_QUIZ)
def create_attempt(quiz_id: int) -> Any:
    """The same form sent twice, or from two tabs in the same second, starts one attempt."""
    start_key = request.form.get("start_key", "")[:64]
    try:
        with transaction():
            attempt = services.start_attempt(current_user, quiz_id, start_key)
    except Conflict as refused:
        if wants_json():
            raise
        flash(str(refused.message), "warning")
        url, _label = way_back_for(current_user, queries.standing_of(current_user.id, quiz_id).quiz_key)
        return redirect(url, 303)
    return redirect(url_for(".attempt", attempt_id=attempt.id), 303)


def _facts(attempt_id: int) -> AttemptFacts:
    return queries.get_facts_for(current_user.id, attempt_id)


def _open_or_closed(facts: AttemptFacts) -> queries.AttemptSummary:
    """How the attempt stands; one whose time is over is closed first."""
    summary = queries.get_summary(facts)
    if summary.is_open and is_late(clock.now(), facts.deadline_at):
        with transaction():
            services.close_if_over(facts.id)
        summary = queries.get_summary(facts)
    return summary


def _frame(facts: AttemptFacts, summary: queries.AttemptSummary) -> dict[str, Any]:
    """What every page of an attempt needs around the questions."""
    standing = queries.standing_of(facts.user_id, facts.quiz_id)
    back_url, back_label = way_back_for(current_user, standing.quiz_key)
    return {
        "facts": facts,
        "attempt": summary,
        "content": facts.content,
        "policy": facts.content.policy,
        "standing": standing,
        "back_url": back_url,
        "back_label": back_label,
        "now": clock.now(),
    }


@bp.get(ATTEMPT)
@requires(TAKE_QUIZ)
def attempt(attempt_id: int) -> Any:
    """Where this attempt was left: the first question without an answer, or the overview when there is none."""
    facts = _facts(attempt_id)
    if not _open_or_closed(facts).is_open:
        return redirect(url_for(".result", attempt_id=attempt_id), 303)
    sheet = read_sheet(facts)
    for place, key in enumerate(facts.order, 1):
        if not sheet.is_answered(key):
            return redirect(url_for(".question", attempt_id=attempt_id, place=place), 303)
    return redirect(url_for(".submission", attempt_id=attempt_id), 303)


@bp.get(f"{ATTEMPT}/<int(max=1000):place>")
@requires(TAKE_QUIZ)
def question(attempt_id: int, place: int, errors: dict[int, str] | None = None, typed: Any = None) -> Any:
    """One question is shown; the others are in the page, so that going on works without a connection."""
    facts = _facts(attempt_id)
    if not 1 <= place <= len(facts.order):
        raise NotFound
    summary = _open_or_closed(facts)
    if not summary.is_open:
        return redirect(url_for(".result", attempt_id=attempt_id), 303)
    sheet = read_sheet(facts)
    views = pages.question_views(facts, sheet, errors)
    page = render_template("assessment/question.html", place=place, questions=views, sheet=sheet, typed=typed, **_frame(facts, summary))
    return page, 422 if errors else 200


@bp.post(f"{ATTEMPT}/<int(max=1000):place>")
@requires(TAKE_QUIZ)
def create_answer(attempt_id: int, place: int) -> Any:
    """A question's plain form: save, then go where the pressed button says."""
    facts = _facts(attempt_id)
    if not 1 <= place <= len(facts.order):
        raise NotFound
    key = facts.order[place - 1]
    shown = presented(facts.content.questions[key], facts.options.get(key, {}))
    raw = response_from(shown, request.form)
    sheet = read_sheet(facts)
    try:
        answer = new_answer(facts, place, raw)
    except Invalid as error:
        return question(attempt_id, place, {place: str(error.message)}, raw)
    entries: list[NewEntry] = [answer] if answer.response != sheet.answers.get(key) else []
    if (is_doubtful := "ragu" in request.form) != (key in sheet.doubtful):
        entries.append(new_mark(facts, place, is_doubtful))
    if entries and any(receipt.is_late for receipt in save_entries(facts, entries)):
        flash(
            _("Jawaban soal %(place)s sampai setelah waktu habis. Ia disimpan sebagai terlambat dan tidak dihitung.", place=place),
            "warning",
        )
    return redirect(_where_to(attempt_id, place, request.form.get("ke", "")), 303)


def _where_to(attempt_id: int, place: int, wanted: str) -> str:
    if wanted == "kumpulkan":
        return url_for(".submission", attempt_id=attempt_id)
    return url_for(
        ".question", attempt_id=attempt_id, place=int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 4 else place
    )


@bp.post(f"{ATTEMPT}/jawaban")
@identifies(TAKE_QUIZ)
@takes(LARGEST_BODY_BYTES)
def save_answers(attempt_id: int) -> Any:
    """One operation, or up to 200 in an array, replayed in their order; each gets its own answer, given after the commit."""
    facts = queries.get_facts_for(get_signed_in_id(), attempt_id)
    body = _body()
    if not isinstance(body, list):
        receipt = save_entries(facts, [read_operation(facts, body)])[0]
        return jsonify(_acknowledged(body, receipt))
    if len(body) > MOST_OPERATIONS:
        raise TooLarge(code="too_many_operations", most=MOST_OPERATIONS)
    results: list[dict[str, Any]] = []
    good: list[tuple[int, NewEntry]] = []
    for place, operation in enumerate(body):
        try:
            good.append((place, read_operation(facts, operation)))
            results.append({})
        except Invalid as error:
            results.append(error.as_json())
    for (place, _entry), receipt in zip(good, save_entries(facts, [entry for _place, entry in good]), strict=True):
        results[place] = _acknowledged(body[place], receipt)
    return jsonify(results=results)


def _body() -> Any:
    try:
        return read_json(request.get_data(cache=False))
    except ValueError as error:
        raise Invalid(code="malformed") from error


def _acknowledged(operation: dict[str, Any], receipt: answers.Receipt) -> dict[str, Any]:
    return {
        "client_id": operation["client_id"],
        "sequence": operation["sequence"],
        "entry": receipt.entry_id,
        "saved_at": receipt.saved_at.isoformat(),
        "time": local(receipt.saved_at).strftime("%H.%M"),
        "late": receipt.is_late,
    }


@bp.get(f"{ATTEMPT}/keadaan")
@requires(TAKE_QUIZ)
def attempt_state(attempt_id: int) -> Response:
    """What the script asks when it comes back: the server's clock, whether another device went on, and a fresh token for forms."""
    facts = _facts(attempt_id)
    summary = queries.get_summary(facts)
    response = jsonify(
        state=summary.state,
        now=clock.now().isoformat(),
        deadline_at=facts.deadline_at.isoformat() if facts.deadline_at else None,
        last_entry=read_sheet(facts).last_entry_id,
        csrf_token=form_token(),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get(f"{ATTEMPT}/kumpulkan")
@requires(TAKE_QUIZ)
def submission(attempt_id: int) -> Any:
    facts = _facts(attempt_id)
    summary = _open_or_closed(facts)
    if not summary.is_open:
        return redirect(url_for(".result", attempt_id=attempt_id), 303)
    sheet = read_sheet(facts)
    return render_template(
        "assessment/submission.html", questions=pages.question_views(facts, sheet), sheet=sheet, **_frame(facts, summary)
    )


@bp.post(f"{ATTEMPT}/kumpulkan")
@requires(TAKE_QUIZ)
def create_submission(attempt_id: int) -> Any:
    with transaction():
        services.submit_attempt(current_user, attempt_id)
    return redirect(url_for(".result", attempt_id=attempt_id), 303)


@bp.get(f"{ATTEMPT}/hasil")
@requires(TAKE_QUIZ)
def result(attempt_id: int) -> Any:
    facts = _facts(attempt_id)
    summary = _open_or_closed(facts)
    if summary.is_open:
        return redirect(url_for(".attempt", attempt_id=attempt_id), 303)
    frame, sheet = _frame(facts, summary), read_sheet(facts)
    may_try_again = frame["standing"].decision.refusal is not StartRefusal.NO_ATTEMPTS_LEFT
    views = pages.result_views(facts, sheet, facts.content.policy, bool(summary.passed), may_try_again)
    return render_template("assessment/result.html", questions=views, sheet=sheet, way_on=way_on_for(current_user, frame["standing"].quiz_key), **frame)
