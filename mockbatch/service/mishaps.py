"""Effects of rules on webhook events."""

from collections.abc import Callable

from mockbatch.core.draws import draw, fraction, subseed
from mockbatch.core.notice import Notice, badly_signed, doubled, late, lost, out_of_order
from mockbatch.core.rules.rules import Rule
from mockbatch.core.time.delays import parse_delay
from mockbatch.service.sessions import Session


def mishap(session: Session, notice: Notice, next_due: int) -> Notice:
    """Apply the rules of the session to a notice; `next_due` is when the next one of the session is due."""
    for hit in session.rules.of_notice(notice.batch, session.now()):
        notice = NOTICE_FAULTS[str(hit.rule.fault)](notice, hit.rule, session, next_due)
    return notice


def _late(notice: Notice, rule: Rule, session: Session, next_due: int) -> Notice:
    luck = draw(subseed(session.settings.profile.seed, "late", rule.name), notice.id)
    return late(notice, parse_delay(rule.option("delay"))(fraction(luck)))


NOTICE_FAULTS: dict[str, Callable[[Notice, Rule, Session, int], Notice]] = {
    "webhook.lost": lambda notice, *_: lost(notice),
    "webhook.twice": lambda notice, *_: doubled(notice),
    "webhook.late": _late,
    "webhook.out_of_order": lambda notice, _rule, _session, next_due: out_of_order(notice, next_due),
    "webhook.bad_signature": lambda notice, *_: badly_signed(notice),
}
"""The effect of each fault on a notice."""
