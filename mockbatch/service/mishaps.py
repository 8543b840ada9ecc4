"""What rules do to the notices of webhooks."""

from mockbatch.core.draws import draw, fraction, subseed
from mockbatch.core.notice import Notice, badly_signed, doubled, late, lost, out_of_order
from mockbatch.core.rules.rules import Rule
from mockbatch.core.time.delays import parse_delay
from mockbatch.service.sessions import Session


def mishap(session: Session, notice: Notice, next_due: int) -> Notice:
    """The notice as the rules of its session leave it; `next_due` is when the next one of the session is."""
    for hit in session.rules.of_notice(notice.batch, session.now()):
        notice = _struck(session, notice, next_due, hit.rule)
    return notice


def _struck(session: Session, notice: Notice, next_due: int, rule: Rule) -> Notice:
    match rule.fault:
        case "webhook.lost":
            return lost(notice)
        case "webhook.twice":
            return doubled(notice)
        case "webhook.late":
            luck = draw(subseed(session.settings.profile.seed, "late", rule.name), notice.id)
            return late(notice, parse_delay(rule.option("delay"))(fraction(luck)))
        case "webhook.out_of_order":
            return out_of_order(notice, next_due)
        case "webhook.bad_signature":
            return badly_signed(notice)
    return notice
