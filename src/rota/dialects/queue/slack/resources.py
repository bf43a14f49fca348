"""`/slack/commands` and `/slack/interactive`: who is asking is told by Slack's signature and a person's Slack id."""

from collections.abc import Mapping

import falcon
import msgspec

from rota.dialects.bodies import media_type, read_body
from rota.dialects.queue.resource import BODY_LIMIT, Resource
from rota.dialects.queue.slack import commands, payloads
from rota.dialects.queue.slack.blocks import Answer, message, plain_message
from rota.dialects.queue.slack.payloads import Sent
from rota.dialects.queue.slack.respond import Responder
from rota.dialects.queue.slack.signature import verify
from rota.dialects.service import Service
from rota.domain.accounts import Actor
from rota.operations import slack
from rota.store.port import Tx

UNLINKED = (
    "rota does not know you. Ask an admin to run `rota user link-slack EMAIL {}`, with the e-mail address that you "
    "have in rota."
)


class _Slack(Resource):
    """A path that Slack posts to."""

    def signed_form(self, req: falcon.Request) -> tuple[dict[str, str], str, bool]:
        """The form, the time of sending, and whether it was sent before.

        HTTP errors: 404 where Slack is not set up, 401 for what Slack did not sign, 413, 415, 400.
        """
        secret = self.service.slack_secret
        if not secret:
            raise falcon.HTTPNotFound(description="Slack is not set up here: ROTA_SLACK_SIGNING_SECRET is empty")
        body = read_body(req, BODY_LIMIT)
        stamp = verify(secret, req, body, self.now())
        if media_type(req) != payloads.FORM:
            raise falcon.HTTPUnsupportedMediaType(description=f"The body must be {payloads.FORM}.")
        return payloads.read_form(body), stamp, req.get_header("X-Slack-Retry-Num") is not None

    def answer(self, sent: Sent, *, pressed: bool = False) -> bytes:
        """What the person is shown. All lines are one transaction; those that write are done once, however often they
        are sent. Raises StorageFull, StoreUnavailable."""
        parsed = [commands.parse(line) for line in sent.lines]
        writes = any(command.writes for command, _ in parsed)
        with self.write() if writes else self.read() as tx:
            actor = slack.find(tx, sent.slack_id, sent.emails)
            if actor is None:
                return msgspec.json.encode(plain_message(UNLINKED.format(sent.slack_id or "SLACK_ID")))
            now = self.now()
            calls = [(command, self._call(tx, actor, rest, now)) for command, rest in parsed]

            def act() -> str:
                answers = [commands.run(command, call) for command, call in calls]
                shown = {**message(answers, actor.user.id), **(_replacing(answers) if pressed else {})}
                return msgspec.json.encode(shown).decode()

            return (slack.once(tx, sent.request, act, now=now) if writes else act()).encode()

    def _call(self, tx: Tx, actor: Actor, words: list[str], now: int) -> commands.Call:
        return commands.Call(tx, actor, words, now, self.service.new_id)


class Interactive(_Slack):
    """`/slack/interactive`; with a responder, the answer is sent to Slack as well."""

    def __init__(self, service: Service, responder: Responder | None) -> None:
        super().__init__(service)
        self._responder = responder

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Buttons. Other interactions are none of rota's, and are answered with nothing."""
        self.press(resp, *self.signed_form(req))

    def press(self, resp: falcon.Response, form: Mapping[str, str], stamp: str, retry: bool) -> None:
        sent = payloads.interaction(form, stamp, retry=retry)
        if sent is None:
            resp.status = 200
            return
        body = self.answer(sent, pressed=True)
        _send(resp, body)
        if self._responder:
            self._responder.respond(sent.response_url, body)


class Commands(Interactive):
    """`/slack/commands`; buttons are taken here, too: an app may name one address for both."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A slash command. Whatever rota will not do is a 200 with a sentence: of anything else Slack shows a code."""
        form, stamp, retry = self.signed_form(req)
        if "payload" in form:
            self.press(resp, form, stamp, retry)
        else:
            _send(resp, self.answer(payloads.command(form, stamp, retry=retry)))


def _replacing(answers: list[Answer]) -> Mapping[str, bool]:
    """The message whose button was pressed has had its day, unless nothing was done."""
    return {"replace_original": not all(answer.refused for answer in answers)}


def _send(resp: falcon.Response, body: bytes) -> None:
    resp.content_type = falcon.MEDIA_JSON
    resp.data = body
