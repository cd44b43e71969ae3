"""The rules of a quiz in words, as they stand on its page before the start. Each sentence holds for these rules."""

from quizapp.domain.accommodations import Accommodation
from quizapp.domain.admission import Admission
from quizapp.domain.attempts import Feedback
from quizapp.domain.modules import Module, QuizRules
from quizapp.web.display import show_moment

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def list_rules(module: Module, admission: Admission, granted: Accommodation) -> list[tuple[str, str]]:
    """(name, what holds) of every rule but pass mark and time limit; attempts and times are this person's own."""
    rules = module.facts.quiz
    lines = [("Attempts", say_attempts(rules, admission, granted))]
    if rules.opens_at is not None:
        lines.append(("Opens", show_moment(rules.opens_at)))
    if rules.closes_at is not None:
        lines.append(("Closes", f"{show_moment(rules.closes_at)}. An attempt that is open then ends then."))
    if module.must_pass:
        lines.append(
            ("Must pass", "Every question on an objective marked “must pass” has to be right, whatever the total.")
        )
    lines += [
        ("Questions", say_order(rules)),
        ("While you answer", say_feedback(rules)),
        ("If you pass", say_after(rules, is_passed=True)),
        ("If you do not pass", say_after(rules, is_passed=False)),
    ]
    if rules.confidence:
        lines.append(("How sure you are", "You can say it with each answer. It never changes your score."))
    honour = rules.honour
    lines.append(("Honour statement", f"“{honour.text}” You agree to it when you finish (version {honour.version})."))
    return lines


def say_attempts(rules: QuizRules, admission: Admission, granted: Accommodation) -> str:
    """How many, how many are left, how long to wait, and what comes up again."""
    if admission.n_allowed is None:
        said = "As many as you like"
    else:
        own = f" ({granted.extra_attempts} of them granted to you)" if granted.extra_attempts else ""
        said = f"{admission.n_allowed} in all{own}, {admission.n_left} left"
    if rules.cool_down_minutes:
        said += f"; {say_duration(rules.cool_down_minutes)} from the end of one to the start of the next"
    return f"{said}. Questions that you have not had yet come first."


def say_order(rules: QuizRules) -> str:
    """In which order questions come, and whether one may go back."""
    said = "They come in random order." if rules.shuffle else "They come in the order of the exam plan."
    if any(part.case_sets for part in rules.plan):
        said += " Questions on one case stay together; where a case unfolds, there is no going back within it."
    if rules.backtracking:
        return f"{said} You can go back and forth until you finish."
    return f"{said} Once you go on from a question you cannot go back to it."


def say_feedback(rules: QuizRules) -> str:
    """What is shown before the end."""
    if rules.feedback is Feedback.DEFERRED:
        return "Nothing says whether an answer is right."
    if rules.feedback is Feedback.IMMEDIATE:
        return "You can check each answer once. That locks it and shows what is right, and why."
    shares = [f"the {ORDINALS[i]} {share}\u00a0%" for i, share in enumerate(rules.tries_percent[: len(ORDINALS)])]
    tries = " and ".join([", ".join(shares[:-1]), shares[-1]]) if len(shares) > 1 else shares[0]
    return (
        "You can check each answer, and give one that is not right again while tries are left. "
        f"Of the mark a try can earn: {tries}. Once it is right, or no try is left, the answer is locked "
        "and the reasons are shown."
    )


def say_after(rules: QuizRules, *, is_passed: bool) -> str:
    """What is shown after the end."""
    seen_before = "" if rules.feedback is Feedback.DEFERRED else " beyond what you have checked"
    if rules.shows_questions(is_passed=is_passed):
        return (
            "Your score, your marks by objective, and every question with what is right, the reasons and the sources."
        )
    shown = rules.shows_marks(is_passed=is_passed)
    if shown == "nothing":
        return f"You are told so, and nothing else{seen_before}."
    if shown == "score":
        return f"Your score, and nothing else{seen_before}."
    reread = "" if is_passed else " with what to read again"
    return f"Your score and your marks by objective{reread}, but no answers{seen_before}."


def say_duration(minutes: int) -> str:
    """Days, hours and minutes in words: `1 day`, `2 hours and 30 minutes`."""
    days, rest = divmod(minutes, 60 * 24)
    hours, left = divmod(rest, 60)
    parts = [
        f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((days, "day"), (hours, "hour"), (left, "minute")) if n
    ]
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
