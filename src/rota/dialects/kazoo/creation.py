"""Creating a task: what came in is stored, checked and only then made a job of."""

from collections.abc import Sequence
from dataclasses import dataclass

import falcon

from rota.actions.registry import Action
from rota.dialects.kazoo import documents, intake, params
from rota.dialects.kazoo.service import Resource
from rota.domain.accounts import Account, Actor
from rota.domain.errors import ActionNotFound, CategoryNotFound, UnfitInput
from rota.domain.jobs import Job
from rota.domain.rows import Scanner
from rota.operations import jobs, sweeps
from rota.operations.jobs import Input, Order


class Creation(Resource):
    def on_put(self, req: falcon.Request, resp: falcon.Response, account_id: str | None = None) -> None:
        """Create a task, not started."""
        actor, account = self.admitted(req, account_id)
        given = intake.content(req)
        data = intake.Data() if given.is_csv else intake.json_data(req, given, self.service.max_json)
        category, action = params.named_action(req)
        file_name = intake.text_value(data.file_name, "file_name") or req.get_param("file_name")
        asked = _Asked(actor, account, category, action, params.file_name(file_name))
        upload = intake.csv_table(req, given, self.service.max_upload) if given.is_csv else None
        table = upload or intake.records_table(data.records)
        job = self._create_from(table, asked) if table else self._create_empty(asked)
        self.succeed_with_task(req, resp, documents.new_task(job), 201)

    def _create_empty(self, asked: "_Asked") -> Job:
        action = self.service.catalogue.get(asked.category, asked.action)
        if action.takes_input:
            raise UnfitInput(expected_content="text/csv")
        return self._insert(asked, action, None, self.service.new_id(30))

    def _create_from(self, table: intake.Table, asked: "_Asked") -> Job:
        job_id = self.service.new_id(30)
        with intake.receive(self.service.blobs, table, self._scanner(asked), job_id) as received:
            # Only now: a bad CSV wins over an unknown category.
            action = self.service.catalogue.get(asked.category, asked.action)
            intake.check(action, table, received.scan)
            try:
                return self._insert(asked, action, received.commit(), job_id, received.keys)
            except BaseException:
                self.service.blobs.delete(received.keys)
                raise

    def _scanner(self, asked: "_Asked") -> Scanner:
        try:
            action = self.service.catalogue.get(asked.category, asked.action)
        except (CategoryNotFound, ActionNotFound):
            return Scanner()
        return Scanner(mandatory=action.mandatory, chunk_rows=action.chunk_rows)

    def _insert(
        self, asked: "_Asked", action: Action, given: Input | None, job_id: str, keys: Sequence[str] = ()
    ) -> Job:
        out_header = action.out_header(given.header if given else ())
        order = Order(action.category, action.name, action.ordered, out_header, asked.file_name)
        with self.service.store.write() as tx:
            if keys:
                sweeps.hold(tx, self.service.blobs, job_id, keys)
            now = self.service.clock()
            return jobs.create(tx, asked.actor, asked.account, order, given, job_id=job_id, now=now)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks for which task; the action's names are still only names."""

    actor: Actor
    account: Account
    category: str
    action: str
    file_name: str | None
