"""The Invoke namespace. Thin: each task joins settings and adapters to the logic that does the work.

Nothing heavy is imported here or at the top of a module of `cli`: `invoke --list` must stay quick, and
`invoke rollback` must run where neither Pulumi nor boto3 can be imported.
"""

from __future__ import annotations

from invoke.collection import Collection

from cli import (
    artifact,
    check,
    contract,
    drill,
    edge,
    email,
    handover,
    hosts,
    incident,
    lab,
    ledger,
    live_state,
    release,
    review,
    secrets,
    secrets_scan,
    stack,
    unfinished,
)

namespace = Collection(
    stack.up,
    stack.preview,
    stack.destroy,
    stack.outputs,
    stack.refresh,
    review.review,
    check.check,
    handover.handover,
    live_state.drift,
    incident.status,
    incident.logs,
    adopt=Collection(live_state.adopt, live_state.import_),
    # `invoke deploy` is the first task of its collection, `invoke deploy.resume` another.
    deploy=Collection(release.deploy, unfinished.resume, unfinished.abort, unfinished.catch_up, contract.contract),
    rollback=Collection(release.rollback, drill.drill, drill.report),
    releases=Collection(release.releases, ledger.verify, ledger.copy),
    artifact=Collection(artifact.pack, artifact.show),
    hosts=Collection(hosts.prepare, hosts.audit),
    maintenance=Collection(incident.on, incident.off),
    edge=Collection(edge.run_the_cases, edge.trace_the_cases),
    secrets=Collection(secrets.list_, secrets.rotate, secrets.audit, secrets_scan.scan),
    email=Collection(email.show, dkim=Collection(email.new, email.retire)),
    lab=Collection(lab.up, lab.down, lab.status),
)
