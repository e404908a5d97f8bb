"""How people put things: one meaning, many ways to type it.

A pattern holds choices in square brackets, `[what is|tell me] the time`; a choice may be empty and may nest.
"""

import re

CHOICE = re.compile(r"\[([^\[\]]*)\]")

QUESTION_WORDS = {
    "what", "what's", "who", "who's", "where", "when", "why", "how", "which", "whose", "can", "could", "do", "does", "did", "is",
    "are", "am", "will", "would", "should", "may", "must", "has", "have", "was", "were", "in", "at", "on", "after", "before",
}

REQUEST_WORDS = {
    "tell", "explain", "describe", "list", "show", "name", "give", "say", "spell", "write", "add", "introduce", "compare", "help",
    "recommend", "make", "define", "repeat", "count", "sing", "play", "put", "reverse", "recite", "sort", "calculate", "compute",
    "subtract", "multiply", "double", "halve", "complete", "finish", "find", "use", "draw", "translate", "solve", "sum", "take", "remember",
    "summarise", "order", "capitalise", "copy", "echo", "turn", "surprise", "talk",
}

OPENERS = (
    "Hi! ", "Hello! ", "Hey, ", "Hi, ", "Hello, ", "OK, ", "So, ", "Well, ", "Now, ", "And ", "Please tell me: ", "Tell me: ",
    "Quick question: ", "Question: ", "I have a question. ", "I have a question: ", "One more question: ", "I wonder: ",
    "Excuse me, ", "I am curious: ", "Help me: ", "Please help. ", "Another question: ", "Just asking: ",
)

POLITE_REQUESTS = ("Please ", "Can you ", "Could you ", "Would you please ", "I want you to ", "Can you please ", "Please, ")


def expand(rng, pattern):
    """One of the texts that the pattern stands for."""
    while True:
        match = CHOICE.search(pattern)
        if match is None:
            return re.sub(r"  +", " ", pattern).strip()
        pattern = pattern[: match.start()] + rng.choice(match.group(1).split("|")) + pattern[match.end() :]


def upper_first(text):
    return text[:1].upper() + text[1:]


def lower_first(text):
    """The text as it goes on after a comma; "I" and words in capitals stay."""
    first = re.split(r"[\s'.,]", text, maxsplit=1)[0]
    keeps = first == "I" or (len(first) > 1 and first.isupper()) or first in PROPER
    return text if keeps else text[:1].lower() + text[1:]


PROPER = {"Quern", "LoRA", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "January", "February",
          "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}


def is_question(text):
    return text.split()[0].lower().rstrip(",:") in QUESTION_WORDS


def ask(rng, text, opening=True):
    """The text as someone types it to the model: capital or not, mark or not, with or without a polite opening.

    Without `opening` there is no "Hello, " or the like before it: the conversation is under way.
    """
    question, request = is_question(text), is_request(text)
    mark = text[-1] in "?!.\""
    roll = rng.random()
    if roll < 0.14 and len(text) < 70 and opening and (question or request):
        opener = rng.choice(OPENERS)
        text = opener + (upper_first(text) if opener[-2] in "!." else lower_first(text))
    elif roll < 0.24 and request and not mark:
        opener = rng.choice(POLITE_REQUESTS)
        text = opener + lower_first(text)
        question = opener.startswith(("Can", "Could", "Would"))
    elif roll < 0.30 and not mark and len(text) < 60 and (question or request):
        text += rng.choice((", please", " please", ", please", ", thanks" if not question else ", please"))
    style = rng.random()
    if style < 0.62:
        return upper_first(text) + ("" if mark else "?" if question else ".")
    if style < 0.74:
        return lower_first(text) + ("" if mark else "?" if question else "")
    if style < 0.84:
        return upper_first(text)
    if style < 0.97:
        return text.lower() + ("?" if question and not mark and rng.random() < 0.4 else "")
    if style < 0.985:
        return text.upper() + ("" if mark else "?" if question else "!")
    return upper_first(text) + ("" if mark else "??" if question else "!")


def is_request(text):
    return text.split()[0].lower() in REQUEST_WORDS


def normalise(text):
    """The question without case, marks and spaces at the ends: what makes two questions the same."""
    return re.sub(r"[^a-z0-9+*/=<> -]", "", text.lower()).strip()
