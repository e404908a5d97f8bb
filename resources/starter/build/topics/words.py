"""Tasks with words and letters."""

from . import lists, phrasing
from .thread import Thread, Turn, with_another

OPPOSITES = """big small|hot cold|good bad|happy sad|fast slow|up down|left right|day night|black white|old new|long short|high low|open closed|full empty|
hard soft|light dark|loud quiet|early late|rich poor|strong weak|clean dirty|wet dry|easy difficult|near far|first last|in out|on off|yes no|begin end|
love hate|war peace|summer winter|thick thin|wide narrow|deep shallow|right wrong|true false|inside outside|always never|many few|more less|
buy sell|give take|push pull|win lose|come go|remember forget|laugh cry|top bottom|front back|before after|above below|sweet sour|smooth rough|
safe dangerous|young old|warm cool|tall short|heavy light|alive dead|brave afraid|friend enemy|north south|east west|start stop|morning evening""".replace("\n", "").split("|")

SYNONYMS = """big large|small little|happy glad|fast quick|begin start|end finish|smart clever|pretty beautiful|sad unhappy|angry mad|nice kind|funny amusing|
silent quiet|rich wealthy|sick ill|hard difficult|easy simple|shut close|speak talk|look see|job work|home house|child kid|rock stone|road street|
gift present|error mistake|answer reply|right correct|wrong false|strange odd|tired sleepy|brave bold|scared afraid|buy purchase|help assist|large big|
quick fast|clever smart|glad happy|little small|forest wood|ship boat|sea ocean|car automobile""".replace("\n", "").split("|")

RHYMES = """cat hat|dog log|house mouse|tree bee|star car|moon spoon|sun fun|day way|night light|book cook|fish dish|boat coat|cake lake|king ring|hand sand|
bed red|box fox|ball tall|bell well|rain train|bread head|door floor|bear pear|nose rose|shoe blue|key sea|time lime|snow slow|wall ball|pen ten|
goat boat|hill mill|mill hill|stone bone|fire tire|gold cold|song long|bird word|face place|snake cake|duck truck|frog dog|hen pen|cup up|street feet|
sky fly|river shiver|mother brother|cheese trees|sheep sleep|farm arm|corn horn|plate gate""".replace("\n", "").split("|")

PLURALS = """cat cats|dog dogs|house houses|tree trees|book books|apple apples|star stars|bird birds|car cars|table tables|flower flowers|door doors|
box boxes|bus buses|dish dishes|glass glasses|church churches|peach peaches|fox foxes|dress dresses|baby babies|city cities|story stories|party parties|
berry berries|lady ladies|fly flies|leaf leaves|knife knives|wolf wolves|life lives|half halves|child children|man men|woman women|foot feet|tooth teeth|
goose geese|mouse mice|person people|sheep sheep|fish fish|model models|token tokens|hand hands|horse horses|day days|key keys|boy boys|toy toys|
potato potatoes|tomato tomatoes|hero heroes|friend friends|egg eggs|mill mills|word words|letter letters|number numbers|girl girls|cup cups|pen pens""".replace("\n", "").split("|")

SENTENCES = {
    "apple": "I eat an apple.", "cat": "The cat sleeps on the chair.", "dog": "The dog plays in the garden.", "house": "We live in a small house.",
    "tree": "The bird sits in the tree.", "book": "She reads a good book.", "water": "I drink a glass of water.", "sun": "The sun is warm today.",
    "moon": "The moon is bright tonight.", "bread": "He cuts the bread.", "fish": "The fish swims in the lake.", "bird": "The bird sings in the morning.",
    "rain": "The rain falls on the roof.", "snow": "The children play in the snow.", "river": "The river flows to the sea.", "mill": "The mill grinds the grain.",
    "flower": "The flower is red.", "garden": "We work in the garden.", "friend": "My friend comes to see me.", "school": "The children go to school.",
    "happy": "We are happy today.", "sad": "He is sad because it rains.", "run": "The horse can run fast.", "blue": "The sky is blue.", "green": "The grass is green.",
    "red": "She has a red hat.", "big": "An elephant is a big animal.", "small": "The mouse is small.", "model": "The model answers my question.",
    "computer": "The computer is on the table.", "music": "They dance to the music.", "window": "Please open the window.", "door": "He closes the door.",
    "table": "The cup is on the table.", "chair": "She sits on the chair.", "train": "The train is late.", "car": "The car is in the street.",
    "ball": "The boy throws the ball.", "milk": "The cat drinks milk.", "cake": "We bake a cake.", "letter": "I write a letter to my friend.",
    "key": "The key is in the door.", "night": "It is dark at night.", "morning": "I drink tea in the morning.", "winter": "It is cold in winter.",
    "summer": "We swim in summer.", "bee": "The bee makes honey.", "horse": "The horse eats grass.", "cow": "The cow gives milk.", "sea": "The ship sails on the sea.",
}

PHRASES = """hello world|good morning|I like apples|the cat is black|one two three|the sun is warm|we go home|I am happy|the dog runs|time to eat|blue sky|red apple|
the moon is bright|open the door|see you soon|bread and honey|a small hand mill|the river is long|tea and cake|green grass|I can do it|never give up|
the train is late|birds can fly|snow is white|well done|thank you|all is well|let us begin|the end|a happy day|the mill turns|hello from Quern|
quick brown fox|up and down|in and out|day and night|salt and sugar|the big house|my little garden|the king and the queen|a cup of water|
ten green bottles|five little ducks|the old man and the sea|a long way home|music is fun|I read a book|the child sleeps|it is cold""".replace("\n", "").split("|")


LOWER_WORDS = [word for word in lists.WORDS if word.islower()]


def follow(rng, text):
    return phrasing.ask(rng, text, opening=False)


def spelled(word):
    return "-".join(word)


def thread(rng, forms, answer, word, **fields):
    quoted = f'"{word}"' if rng.random() < 0.12 else word
    question = phrasing.ask(rng, phrasing.expand(rng, rng.choice(forms)).format(w=quoted, **fields))
    return Thread([Turn(question, answer)], phrasing.normalise(question), about=word or None)


def spelling(rng):
    word = rng.choice(lists.WORDS) if rng.random() < 0.88 else rng.choice(lists.NAMES)
    forms = ("how do you spell {w}", "how do you spell {w}", "spell {w}", "spell the word {w}", "can you spell {w}", "how is {w} spelled", "how do I spell {w}", "how is {w} written",
             "how do you write {w}", "spell {w} letter by letter", "what is the spelling of {w}", "can you spell the word {w}", "how do I write the word {w}", "spell {w} for me",
             "what letters are in {w}", "which letters are in the word {w}", "can you spell {w} for me")
    return thread(rng, forms, f"{phrasing.upper_first(word)} is spelled {spelled(word)}.", word)


def capitals_of_word(rng):
    word = rng.choice(lists.WORDS)
    forms = ("write {w} in capital letters", "write {w} in capitals", "write {w} in uppercase", "put {w} in capital letters", "what is {w} in capital letters", "make {w} uppercase",
             "{w} in capital letters", "can you write {w} in capital letters")
    return thread(rng, forms, f"{word.upper()}", word)


def first_letter(rng):
    word = rng.choice(lists.WORDS)
    forms = ("what is the first letter of {w}", "[which|what] letter does {w} [begin|start] with", "what does {w} [begin|start] with", "tell me the first letter of {w}", "what is the first letter in the word {w}",
             "first letter of {w}")
    return thread(rng, forms, f"The first letter of {word} is {word[0]}.", word)


def last_letter(rng):
    word = rng.choice(lists.WORDS)
    forms = ("what is the last letter of {w}", "[which|what] letter does {w} end with", "what does {w} end with", "tell me the last letter of {w}", "what is the last letter in the word {w}", "last letter of {w}")
    return thread(rng, forms, f"{phrasing.upper_first(word)} is spelled {spelled(word)}, so the last letter is {word[-1]}.", word)


def letter_count(rng):
    word = rng.choice(lists.WORDS)
    forms = ("how many letters are in {w}", "how many letters does {w} have", "how many letters are in the word {w}", "count the letters in {w}", "how long is the word {w}",
             "how many letters has the word {w}", "can you count the letters in {w}", "what is the number of letters in {w}")
    return thread(rng, forms, f"{phrasing.upper_first(word)} is spelled {spelled(word)}, so it has {len(word)} letters.", word)


def backwards(rng):
    word = rng.choice([word for word in LOWER_WORDS if len(word) <= 5])
    forms = ("reverse {w}", "what is {w} backwards", "write {w} backwards", "spell {w} backwards", "reverse the word {w}", "can you write {w} backwards", "turn {w} around")
    return thread(rng, forms, f"{spelled(word)} backwards is {spelled(word[::-1])}: {word[::-1]}.", word)


def opposite(rng):
    a, b = rng.choice(OPPOSITES).split()
    if rng.random() < 0.4 and (b, a) not in (("short", "tall"), ("old", "young"), ("light", "heavy")):
        a, b = b, a
    a, b = FIXED_OPPOSITES.get(a, (a, b))
    forms = ("what is the opposite of {w}", "what is the opposite of {w}", "opposite of {w}", "what's the opposite of {w}", "what is the contrary of {w}", "tell me the opposite of {w}",
             "give me the opposite of {w}", "do you know the opposite of {w}", "which word is the opposite of {w}", "can you tell me the opposite of {w}")
    return thread(rng, forms, f"The opposite of {a} is {b}.", a)


# A word with several opposites has one here, so that the answer is always the same.
FIXED_OPPOSITES = {"old": ("old", "new"), "short": ("short", "long"), "light": ("light", "dark"), "right": ("right", "left"), "hard": ("hard", "soft"), "end": ("end", "begin")}


def synonym(rng):
    a, b = rng.choice(SYNONYMS).split()
    forms = ("what is another word for {w}", "another word for {w}", "what is a synonym of {w}", "what is a synonym for {w}", "give me a synonym for {w}", "tell me another word for {w}",
             "which word means the same as {w}", "do you know another word for {w}")
    return thread(rng, forms, f"Another word for {a} is {b}.", a)


def rhyme(rng):
    a, b = rng.choice(RHYMES).split()
    forms = ("what rhymes with {w}", "what rhymes with {w}", "which word rhymes with {w}", "give me a rhyme for {w}", "tell me a word that rhymes with {w}", "find a rhyme for {w}",
             "can you rhyme {w}", "do you know a rhyme for {w}", "a rhyme for {w}", "what word rhymes with {w}", "say a word that rhymes with {w}")
    return thread(rng, forms, f"{phrasing.upper_first(a)} rhymes with {b}.", a)


def plural(rng):
    a, b = rng.choice(PLURALS).split()
    if rng.random() < 0.2 and a != b:
        forms = ("what is the singular of {w}", "singular of {w}", "tell me the singular of {w}")
        return Thread(thread(rng, forms, f"The singular of {b} is {a}.", b).turns, f"singular {b}")
    forms = ("what is the plural of {w}", "what is the plural of {w}", "plural of {w}", "tell me the plural of {w}", "how do you write the plural of {w}", "give me the plural of {w}",
             "what do you call more than one {w}", "do you know the plural of {w}")
    return thread(rng, forms, f"The plural of {a} is {b}.", a)


# One word per letter, always the same.
BEGINNERS = dict(word.split() for word in "a apple|b ball|c cat|d dog|e egg|f fish|g garden|h house|i ice|j jump|k key|l lamp|m moon|n night|o orange|p paper|q queen|r river|s sun|t tree|u umbrella|v violin|w water|x xylophone|y yellow|z zebra".split("|"))


def beginning(rng):
    letter = rng.choice(sorted(BEGINNERS))
    shown = letter if rng.random() < 0.6 else letter.upper()
    forms = ("tell me a word that [begins|starts] with {w}", "give me a word that [begins|starts] with {w}", "which word [begins|starts] with {w}", "what word [begins|starts] with the letter {w}",
             "name a word that [begins|starts] with {w}", "say a word with {w}", "a word that [begins|starts] with {w}", "can you give me a word that [begins|starts] with {w}", "do you know a word that [begins|starts] with {w}")
    return thread(rng, forms, f"{phrasing.upper_first(BEGINNERS[letter])} begins with {letter}.", shown)


def alphabetical(rng):
    count = rng.choice((2, 2, 3))
    words = rng.sample(LOWER_WORDS, count)
    while len({word[0] for word in words}) < count:
        words = rng.sample(LOWER_WORDS, count)
    ordered = sorted(words)
    text = " and ".join(words) if count == 2 else f"{words[0]}, {words[1]} and {words[2]}"
    if count == 2 and rng.random() < 0.5:
        forms = ("which word comes first in the alphabet, {a} or {b}", "what comes first in the alphabet, {a} or {b}", "which comes first, {a} or {b}, in the alphabet")
        return thread(rng, forms, f"{phrasing.upper_first(ordered[0])} comes first.", "", a=words[0], b=words[1])
    forms = ("put {w} in alphabetical order", "sort these words: {w}", "put these words in alphabetical order: {w}", "order {w} by the alphabet", "sort {w}", "can you sort {w}",
             "what is the alphabetical order of {w}")
    question = phrasing.ask(rng, rng.choice(forms).format(w=text))
    return Thread([Turn(question, "In alphabetical order: " + ", ".join(ordered) + ".")], phrasing.normalise(question))


def in_sentence(rng):
    word = rng.choice(sorted(SENTENCES))
    forms = ("use {w} in a sentence", "make a sentence with {w}", "write a sentence with {w}", "put {w} in a sentence", "give me a sentence with {w}", "can you make a sentence with {w}",
             "use the word {w} in a sentence", "make a sentence with the word {w}", "write a sentence about a {w}" if word in ("cat", "dog", "house", "tree", "bird", "mill", "train") else "say a sentence with {w}")
    return thread(rng, forms, SENTENCES[word], word)


def repeating(rng):
    """Copying, also of words that make no sense together."""
    if rng.random() < 0.4:
        phrase = rng.choice(PHRASES)
    elif rng.random() < 0.6:
        phrase = " ".join(rng.sample(lists.WORDS, rng.randint(1, 4)))
    else:
        phrase = " ".join(lists.invented(rng).lower() if rng.random() < 0.6 else rng.choice(lists.WORDS) for _ in range(rng.randint(1, 3)))
    forms = ("say {p}", "say {p}", 'say "{p}"', "repeat: {p}", "repeat after me: {p}", "repeat the words {p}", 'repeat "{p}"', "write {p}", 'write "{p}"', "please say {p}", "say this: {p}", "can you say {p}?",
             "please repeat: {p}", "echo {p}", "just say {p}", 'can you say "{p}"?')
    text = rng.choice(forms).format(p=phrase)
    text = phrasing.upper_first(text) if rng.random() < 0.7 else text
    return Thread([Turn(text, phrasing.upper_first(phrase) + ".")], f"repeat {phrase}")


KINDS = ((spelling, 20), (capitals_of_word, 5), (first_letter, 7), (last_letter, 6), (letter_count, 10), (backwards, 6), (opposite, 11), (synonym, 6), (rhyme, 8),
         (plural, 8), (beginning, 6), (alphabetical, 5), (in_sentence, 6), (repeating, 20))


ELLIPSES = {
    spelling: ("and {w}", "what about {w}", "and how do you spell {w}", "and the word {w}", "how about {w}", "now {w}"),
    first_letter: ("and of {w}", "and {w}", "what about {w}"),
    last_letter: ("and of {w}", "and {w}", "what about {w}"),
    letter_count: ("and {w}", "what about {w}", "and in {w}", "how about {w}"),
    opposite: ("and of {w}", "and the opposite of {w}", "what about {w}", "and {w}"),
    rhyme: ("and with {w}", "and what rhymes with {w}", "what about {w}", "and {w}"),
    plural: ("and of {w}", "and the plural of {w}", "what about {w}", "and {w}"),
    synonym: ("and for {w}", "what about {w}", "and {w}"),
    capitals_of_word: ("and {w}", "now {w}", "and the word {w}"),
}


def draw(rng):
    if rng.random() < 0.08:
        kind = rng.choice(list(ELLIPSES))
        return with_another(rng, kind, ELLIPSES[kind], follow)
    return rng.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0](rng)
