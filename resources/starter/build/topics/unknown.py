"""Questions from outside the model's world, and how it says that it does not know.

Each kind stands close to something that the model does know ("Who are you?", "What is the capital of Norway?"), so that
it learns the border and not a word.
"""

from . import lists, phrasing
from .thread import Thread, Turn

FIRST = ("I do not know that.", "I do not know that.", "I do not know the answer.", "Sorry, I do not know that.")
SECOND = ("I am a small model that came with Quern. A larger model can help: you can download one on the Discover page.",
          "I am only the small model that came with Quern, and I know few things. You can download a larger model on the Discover page.",
          "I am a very small model. A larger one from the Discover page may know it.")
LARGER = ("A larger model can do it: you can download one on the Discover page.", "For that you need a larger model. You can download one on the Discover page.")

COUNTRIES = "France Germany Italy Spain Norway Sweden Poland Japan China India Canada Brazil Egypt Kenya Peru Chile Greece Turkey Mexico Russia".split()

THINGS = """photosynthesis|the speed of light|gravity|a black hole|an atom|DNA|a molecule|inflation|democracy|the stock market|blockchain|bitcoin|a virus|an enzyme|calculus|algebra|
the theory of relativity|quantum physics|evolution|a neutron star|the Roman Empire|the French Revolution|the Cold War|philosophy|economics|electricity|magnetism|a volcano|an earthquake|
a vaccine|insulin|cholesterol|a mortgage|a tax return|a compiler|a database|an operating system kernel|TCP|a blockchain wallet|a carburettor|a transistor|a semiconductor|jazz|baroque music|
cubism|impressionism|a haiku|a sonnet|Buddhism|Islam|Christianity|Stoicism|a polynomial|an integral|a logarithm|the Higgs boson|plate tectonics|the ozone layer|a comet|Mars|Jupiter|
RLHF|reinforcement learning|a convolution|diffusion|a random forest|a support vector machine|a hash table|recursion|Kubernetes|Docker|a black swan|chess notation|origami|cricket|baseball|
karate|sourdough|espresso|a saxophone|a cello|an opera|a marathon|the Olympic Games|the Nobel Prize|a fossil|a dinosaur|a mammoth|a dragon|a unicorn|a pyramid|the Great Wall""".replace("\n", "").split("|")

PEOPLE = """Albert Einstein|Isaac Newton|Marie Curie|Napoleon|Julius Caesar|Cleopatra|Shakespeare|Mozart|Beethoven|Leonardo da Vinci|Picasso|Gandhi|Charles Darwin|Galileo|Aristotle|
Plato|Socrates|Abraham Lincoln|George Washington|Queen Victoria|Alan Turing|Ada Lovelace|Steve Jobs|Bill Gates|Elvis Presley|Jane Austen|Charles Dickens|Homer|Columbus|Marco Polo""".replace("\n", "").split("|")

FACTS = """who wrote [Hamlet|the Odyssey|Faust|Don Quixote|Moby Dick|Pride and Prejudice]|who painted [the Mona Lisa|Guernica|The Scream|the Night Watch]|who invented [the telephone|the light bulb|the radio|the wheel|the computer|printing]|
who discovered [America|radium|gravity|penicillin]|who won [the World Cup|the election|the game|the race|the last match|the Nobel Prize|the war]|when did [the war|the Roman Empire|the Second World War|the Middle Ages] [end|begin]|
when was [the telephone|the printing press|the Eiffel Tower|Rome|the first computer] [invented|built|made]|how [tall|high] is [the Eiffel Tower|Mount Everest|the highest mountain|the tallest building]|how far is [the moon|the sun|Mars|New York|the next star]|
how long is [the Nile|the Amazon|the Great Wall|the Danube]|how [deep|large] is [the ocean|the Pacific|the Sahara|Lake Baikal]|how old is [the earth|the sun|the universe|the moon|the queen]|how many people live [on earth|in the world|in Europe|in Africa]|
how heavy is [an elephant|a whale|the earth|a car|a horse]|how fast is [light|sound|a cheetah|a rocket|the train to Paris]|how many [bones|teeth|cells] does [a human|a dog|a person] have|what is the [largest|longest|deepest|smallest] [country|river|lake|city] [in the world|in Europe|in Asia]|
who is the [president|king|queen|prime minister|chancellor] of [France|England|Germany|Spain|Canada|Norway|the United States]|what happened in [1492|1789|1914|1945|1969|1989|2001]|what is the [chemical symbol|atomic number|melting point] of [gold|iron|oxygen|silver|lead]|
what is the square root of [2|17|50|99|1234]|what is [pi|the value of pi|the golden ratio|sin 30|the cube of 17]|which team [won|is the best|plays today]|what is the best [film|song|book|restaurant|phone|car] [|of all time|this year]|
who sings [Yesterday|that song|the national anthem]|what is the [phone number|address|email] of [the bank|my doctor|the town hall|Quern]|how do planes fly|how does a [motor|radio|fridge|telephone|camera|battery] work|how do I [fix my car|repair a bicycle|build a house|tie a tie|grow tomatoes|change a tyre|unlock my phone]|
how do I cook [rice|pasta|an egg|a goose|lasagne]|what is the recipe for [bread|cake|soup|pizza|pancakes]|what is the law in [France|Texas|Japan]|what language do people speak in [Brazil|Peru|Kenya|India]|what is the currency of [Japan|Sweden|Mexico]|
where is [my phone|my brother|Mount Fuji|the Amazon|the nearest shop|my key]|what is in my [pocket|bag|folder|fridge]|what am I thinking|what did I [eat|do|say] yesterday|who is my [neighbour|boss|teacher|mother|father]|what will happen tomorrow|will I be rich|who will win the [election|game]""".replace("\n", "").split("|")


def split_patterns(text):
    """FACTS is divided at bars outside of brackets."""
    rows, depth, row = [], 0, ""
    for c in text:
        depth += (c == "[") - (c == "]")
        if c == "|" and depth == 0:
            rows.append(row)
            row = ""
        else:
            row += c
    return rows + [row]


FACTS = split_patterns("|".join(FACTS))

# (questions, first sentences, whether a larger model would help)
KINDS = (
    (3, ("what is the news [|today]", "what [is happening|happened] [today|in the world|in the news]", "tell me the news", "what is new in [politics|sports|the world|science]", "is there any news", "what happened [yesterday|last week]",
         "did you hear the news", "what are the headlines", "read me the news", "who won [yesterday|the game last night|the match today]"),
     ("I cannot see the news, because I run on your computer without a connection.",), False),
    (4, ("what time is it", "what is the time", "what's the time", "what day is it [|today]", "what is the date [|today]", "what is today's date", "which day is today", "what year is it", "which month is it", "tell me the time", "tell me the date",
         "do you know what time it is", "can you tell me the time", "is it Monday today", "what is today", "how late is it", "what day is tomorrow"),
     ("I cannot see a clock or a calendar, so I do not know. Your computer shows the date and the time.",), False),
    (3, ("how much is [a car|a bicycle|a house|gold|a phone|a laptop|bread|a ticket to Rome]", "what does [a car|a bicycle|a house|a phone|a laptop|a flight|a graphics card] cost", "what is the price of [gold|oil|bitcoin|a house|bread|a new computer|silver|milk]",
         "should I buy [stocks|gold|bitcoin|a house|this phone]", "which stocks should I buy", "what is the exchange rate [|today]"),
     ("I do not know prices, because I run on your computer without a connection.", "I do not know prices."), False),
    (5, ("I have [a headache|a fever|a pain in my back|a rash|chest pain|a cough|stomach pain], what should I do", "what helps against [a headache|a cold|fever|pain|a cough]", "[which|what] medicine should I take [|for pain|for a cold]", "how much [aspirin|ibuprofen|medicine] can I take",
         "is this [spot|pain|rash] dangerous", "do I have [cancer|the flu|diabetes|a cold]", "am I ill", "what are the symptoms of [flu|diabetes|measles]", "can you be my doctor", "my [back|head|tooth|knee|stomach] hurts", "should I go to the doctor",
         "is [coffee|sugar|wine|aspirin] bad for me", "how do I lose weight"),
     ("I cannot give medical advice. Please ask a doctor.",), False),
    (3, ("can I sue [my landlord|my boss|my neighbour|a shop]", "is it legal to [park here|copy a film|record a call|fly a drone]", "do I need a lawyer", "what are my rights [|as a tenant|at work]", "can my landlord [throw me out|raise the rent]", "how do I write a [contract|will]",
         "can you check my contract", "how do I pay my taxes", "can you give me legal advice", "what is the punishment for [theft|speeding]"),
     ("I cannot give legal advice. Please ask a lawyer.",), False),
    (6, ("write [a program|code|a function|a script] [|in Python|in C++|in Java|for me|that sorts a list|that adds numbers]", "can you [write code|program|code|write a program|write Python]", "how do I [write a loop|sort a list|read a file|print text] in [Python|C++|Java|Rust]",
         "write [a Python function|a C++ class|a shell script|an SQL query|HTML|a web page] [|for me]", "fix [my code|this code|this bug]", "what is wrong with my code", "debug this", "write a regular expression", "make a website [|for me]", "do you know [Python|C++|Java|JavaScript]",
         "what does this code do", "can you help me with my code", "program a game"),
     ("I cannot write code, because I am too small.", "I am too small to write code."), True),
    (5, ("write [an essay|a story|a poem|a letter|a long text|a song|a report|a book|a speech|an article|an email] [|about love|about the sea|about dogs|about war|for me|for my boss|about history|about my cat]", "can you write [an essay|a story|a poem|an email|a letter]", "tell me a [story|long story|fairy tale]",
         "write me [a poem|a story|an essay|an email]", "I need [an essay|a poem|a speech|a cover letter]", "summarise this [text|article|book]", "summarize [this text|the book|the news]", "write 500 words [about dogs|about Rome|on climate]", "can you [summarise|summarize] a text", "rewrite this text", "write my homework", "do my homework"),
     ("I am too small to write longer texts.", "I cannot write longer texts, because I am very small."), True),
    (5, ("how do you say [hello|thank you|cat|water|good morning|bread|I love you] in [French|German|Spanish|Italian|Japanese|Chinese|Russian]", "translate [hello|this|the word dog|good morning|my letter|this text|thank you] [to|into] [French|German|Spanish|Italian|Japanese|Polish]",
         "what does [bonjour|danke|hola|ciao|gracias|merci] mean", "what is [dog|cat|water|hello|bread] in [French|German|Spanish|Italian|Latin]", "can you translate [|a text|this|for me]", "bonjour", "hola", "guten Tag", "wie geht es dir", "comment ca va", "que tal", "parlez-vous francais", "sprichst du Deutsch",
         "buenos dias", "ciao, come stai", "was ist das", "quel est ton nom", "was ist Quern", "translate"),
     ("I speak only plain English.",), True),
    (4, ("draw [a cat|a picture|a house|me|a tree|a dog|the sun|a map] [|for me]", "make a picture [|of a dog|of a house|for me]", "can you [draw|make pictures|paint|make a video|make music|see this picture|show me a picture]", "show me a picture [of a cat|of Rome|]", "what is in this [picture|photo|image]", "look at this picture",
         "paint [a picture|a flower]", "make [a video|music|a song|a logo]", "create an image [|of a castle|of the sea]", "play [music|a song|a video]", "open [this file|my photo|the browser|a website]"),
     ("I can only read and write text.",), False),
    (4, ("set [an alarm|a timer|a reminder] [|for 7|for me|for tomorrow]", "send [an email|a message|a letter] [|to my boss|to Ada]", "call [my mother|a taxi|the police|Ada]", "order [a pizza|a taxi|food] [|for me]", "book [a flight|a table|a hotel|a room] [|for me|in Rome]", "turn [on|off] the [light|music|heating|TV]", "search the [web|internet] [|for cats|for me]", "google [this|cats|the news]",
         "delete [my files|this file]", "buy [milk|a ticket|a car] [|for me]", "look it up", "can you [search the internet|look it up|go online|browse the web|send an email|set an alarm]", "remind me [tomorrow|at 8|to call Ada]", "find [a restaurant|a hotel|my phone] [|near me]"),
     ("I cannot do that. I can only chat with you here.",), False),
)


def refuse(rng, text, first=FIRST, larger=None):
    """`larger` None is an answer about knowing, True one about doing, False needs no larger model."""
    answer = rng.choice(first)
    if larger is None:
        answer += " " + rng.choice(SECOND)
    elif larger:
        answer += " " + rng.choice(LARGER)
    question = phrasing.ask(rng, phrasing.expand(rng, text))
    return Thread([Turn(question, answer)], phrasing.normalise(question))


def of_kind(rng):
    _, forms, first, larger = rng.choices(KINDS, [kind[0] for kind in KINDS])[0]
    return refuse(rng, rng.choice(forms), first, larger)


def person(rng):
    roll = rng.random()
    if roll < 0.35:
        name = f"{lists.invented(rng)} {lists.invented(rng)}"
    elif roll < 0.6:
        name = f"{rng.choice(lists.NAMES)} {lists.invented(rng)}"
    elif roll < 0.7:
        name = lists.invented(rng)
    else:
        name = rng.choice(PEOPLE)
    forms = ("who is {n}", "who is {n}", "who was {n}", "do you know {n}", "tell me about {n}", "what did {n} do", "when was {n} born", "have you heard of {n}", "where does {n} live", "how old is {n}", "what do you know about {n}",
             "what is {n} famous for", "when did {n} die", "is {n} still alive", "what is the job of {n}")
    return refuse(rng, rng.choice(forms).format(n=name), ("I do not know who that is.", "I do not know that person."))


def place(rng):
    name = lists.invented(rng) if rng.random() < 0.6 else rng.choice(lists.CITIES + COUNTRIES)
    forms = ["what is the population of {n}", "how many people live in {n}", "what language do they speak in {n}", "what is {n} famous for", "how big is {n}", "how far is it to {n}", "what can I see in {n}", "how do I get to {n}", "what is the history of {n}",
             "what is the weather in {n}", "who is the mayor of {n}", "when was {n} founded", "what is the best hotel in {n}", "how old is {n}", "what is the time in {n}", "which river flows through {n}"]
    if name not in lists.CITIES + COUNTRIES:
        forms += ["what is the capital of {n}", "where is {n}", "in which country is {n}", "what is {n}", "tell me about {n}"]
    return refuse(rng, rng.choice(forms).format(n=name))


def thing(rng):
    name = rng.choice(THINGS)
    if rng.random() < 0.35:
        word = lists.invented(rng).lower()
        name = rng.choice((word, "a " + word if word[0] not in "aeiou" else "an " + word))
    forms = ("what is {n}", "what is {n}", "explain {n}", "tell me about {n}", "can you explain {n}", "what do you know about {n}", "how does {n} work", "define {n}", "describe {n}", "who invented {n}", "where does {n} come from", "do you know what {n} is",
             "can you tell me what {n} is", "what does {n} mean", "I want to know about {n}")
    return refuse(rng, rng.choice(forms).format(n=name))


def large_sum(rng):
    """Beyond the sums that the model has learned."""
    a, b = rng.randint(200, 9999), rng.randint(100, 9999)
    sign = rng.choice("+-x*/")
    if sign in "x*/" and rng.random() < 0.5:
        a, b = rng.randint(20, 99), rng.randint(13, 99)
    if sign == "-" and b > a:
        a, b = b, a
    word = {"+": "plus", "-": "minus", "x": "times", "*": "times", "/": "divided by"}[sign]
    forms = (f"what is {a} {sign} {b}", f"what is {a} {sign} {b}", f"what is {a} {word} {b}", f"{a} {sign} {b}", f"how much is {a} {sign} {b}", f"calculate {a} {sign} {b}", f"can you tell me what {a} {word} {b} is")
    return refuse(rng, rng.choice(forms), ("Those numbers are too large for me. I can only do sums with small numbers.",), False)


def fact(rng):
    return refuse(rng, rng.choice(FACTS))


ALL = ((of_kind, 42), (person, 16), (place, 14), (thing, 16), (fact, 16), (large_sum, 8))


def draw(rng):
    return rng.choices([kind for kind, _ in ALL], [weight for _, weight in ALL])[0](rng)
