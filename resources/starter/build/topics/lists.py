"""Plain lists: names, places, things. No meaning lies in their order."""

NAMES = """Ada Adam Agnes Aisha Alan Alba Albert Alex Alice Alina Amara Amelia Amir Amy Ana Andrea Andrew Angela Anika Anita Anna Anton
Aria Arthur Astrid Ava Axel Bao Barbara Beatrice Bella Ben Bert Beth Bianca Bill Bjorn Bob Boris Brian Bruno Carla Carlos Carmen Carol
Cecilia Celia Chen Chloe Chris Clara Claire Clara Colin Connor Cora Dan Dana Daniel Daria David Dawn Deniz Diana Diego Dina Dmitri Dora
Doris Dylan Edgar Edith Eduardo Ela Elena Eli Elias Elif Elisa Ella Ellen Elmar Elsa Emil Emily Emma Eric Erika Erin Esther Ethan Eva
Evan Fabian Farid Fatima Felix Fiona Finn Flora Frank Freya Frida Fritz Gabriel Gavin George Georgia Gina Gloria Grace Greta Gustav Hana
Hannah Hans Harry Hassan Heidi Helen Helga Henry Hugo Ian Ida Igor Ilse Imran Ines Inga Ingrid Irene Iris Isaac Isabel Ivan Ivy Jack
Jacob Jakob James Jamal Jan Jana Jane Jasmin Jason Javier Jean Jenny Jesse Jim Joan Joel Johan John Jonas Jose Joy Juan Judith Julia
Julian June Kai Karen Karim Karin Karl Kate Katya Keiko Ken Kevin Kim Kira Klara Klaus Kurt Lara Lars Laura Layla Lea Leah Lena Leo Leon
Leila Lia Liam Lina Linda Lisa Liv Lola Louis Luca Lucia Lucy Luis Luke Luna Lydia Mabel Maja Malik Mara Marco Maria Marie Mario Mark
Marta Martin Mary Matteo Max Maya Megan Mei Mia Michael Mila Milan Milo Mina Mira Mohamed Molly Mona Monica Murat Nadia Nadine Naomi
Nasser Nathan Nela Nia Nick Nico Nils Nina Noah Noor Nora Norman Olaf Olga Oliver Olivia Omar Oscar Otto Pablo Pam Pat Paul Paula Pedro
Penny Peter Petra Phil Pia Pierre Priya Quinn Rachel Rafael Raj Ralf Ravi Rebecca Rita Rob Robin Rosa Rose Ruby Rudi Ruth Ryan Sabine
Sally Sam Samir Sandra Sara Sasha Sean Selma Sergio Simon Sina Sofia Sonja Stella Stefan Steve Sue Susan Sven Tamara Tara Tariq Ted Teo
Teresa Theo Thomas Tilda Tim Tina Tobias Tom Tony Toru Uma Ursula Valentin Vera Victor Viktoria Vincent Viola Wanda Wei Wendy Will Willa
Xenia Yara Yasmin Yuki Yusuf Yvonne Zara Zoe Zora Amos Ansel Arlo Bea Bram Cleo Dario Edda Ewan Faye Gwen Hedda Ilya Jun Kofi Lotte
Marek Nelly Odin Pavel Rhea Rolf Sanna Tove Ulf Vito Wilma Yann""".split()

CITIES = """Oslo Paris London Berlin Madrid Rome Vienna Prague Warsaw Lisbon Dublin Athens Helsinki Stockholm Copenhagen Amsterdam
Brussels Zurich Geneva Munich Hamburg Milan Naples Venice Barcelona Porto Lyon Boston Chicago Denver Seattle Toronto Montreal Ottawa
Sydney Melbourne Tokyo Kyoto Osaka Seoul Delhi Mumbai Cairo Nairobi Lagos Accra Tunis Lima Quito Bogota Santiago Havana Riga Vilnius
Tallinn Sofia Zagreb Belgrade Bern Basel Leeds York Oxford Cambridge Bristol Glasgow Cork Bergen Turku Malmo Aarhus Gdansk Krakow Brno
Graz Linz Ghent Nice Nantes Seville Valencia Bologna Turin Dallas Austin Houston Miami Atlanta Phoenix Perth Auckland""".split()

COLOURS = "red blue green yellow orange purple pink black white brown grey violet gold silver turquoise".split()

FOODS = """pizza pasta rice soup bread cheese salad cake chocolate apples bananas honey potatoes curry pancakes cookies oranges fish eggs
noodles sushi strawberries tomatoes carrots beans grapes cherries dumplings porridge lentils mushrooms waffles pears plums nuts yoghurt
pie toast melon tacos""".split()

ANIMALS = """cat dog horse rabbit bird fish turtle hamster parrot mouse cow pig sheep goat duck fox wolf bear lion tiger elephant monkey
owl frog penguin whale dolphin bee snake donkey giraffe zebra""".split()

HOBBIES = """reading swimming running painting cooking gardening singing dancing hiking fishing cycling drawing chess football tennis music
photography knitting baking climbing sailing skiing yoga""".split()

JOBS = """teacher doctor baker farmer nurse cook driver painter writer student engineer gardener carpenter singer pilot lawyer librarian
programmer plumber tailor miller""".split()

THINGS = """apples books coins cards pens eggs cakes balls stamps shells cups keys stones flowers pears cookies stickers tickets marbles
buttons candles boxes letters nuts oranges""".split()

# Words to spell, count and turn round: short, common, each written many times in the corpus.
WORDS = """apple bread cat dog house tree book water sun moon star fish bird milk table chair door window garden flower green blue red
yellow black white brown orange river sea hill road city town school friend mother father sister brother baby hand foot head eye ear nose
mouth hair arm leg heart day night morning week month year time hour minute summer winter spring autumn rain snow wind cloud fire ice
stone sand grass leaf apple pear plum lemon banana grape cherry carrot potato tomato bean rice soup cake sugar salt honey egg cheese meat
cup plate knife fork spoon bottle box bag shoe hat coat shirt dress ring ball game toy doll kite drum song music dance paint picture
paper pen pencil letter word page line name number one two three four five six seven eight nine ten big small long short old new good
bad hot cold warm happy sad fast slow strong weak rich poor clean dirty full empty light dark high low early late easy hard soft loud
quiet young kind run walk jump swim fly read write sing play work sleep eat drink cook wash open close give take make find help love like
think know see hear speak tell ask answer learn teach cow horse pig sheep goat duck hen mouse rabbit fox wolf bear lion tiger frog snake
bee ant spider monkey train car bus bike boat ship plane bridge street farm field forest mountain island lake beach market shop bank
office kitchen room wall floor roof bed lamp clock key money king queen doctor teacher farmer baker computer model token quern mill grain
flour stone wheel hello world people child woman man girl boy dream smile""".split()
WORDS = list(dict.fromkeys(WORDS + ANIMALS + COLOURS + [food for food in FOODS if food != "tacos"] + """elephant banana cucumber pumpkin butter coffee tea juice
breakfast lunch dinner family cousin uncle aunt neighbour village country Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February
March April May June July August September October November December beautiful important different together because tomorrow yesterday today
birthday holiday weather thunder rainbow engine rocket planet ocean bicycle airplane station hospital library museum garden language question
example number letter learning training memory keyboard screen program file folder network science history nature animal insect butterfly""".split()))

SYLLABLES = ("ba be bo bra bri da del dor fa fen fin ga gal gri ha hel il jo ka kel kor la len lor ma mel mi mor na nel nor o pa pel per ra rin ro "
             "sa sel sol ta tel tor tri ul va vel vi vor wen xa yor za zel zor zu").split()
ENDINGS = "n l r s x th nd rk lt m k v an en on is us ia a o i".split()


def invented(rng, syllables=(1, 2)):
    """A name that nobody has: copying it cannot rest on memory."""
    text = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(*syllables))) + rng.choice(SYLLABLES) + rng.choice(ENDINGS)
    return text.capitalize()
