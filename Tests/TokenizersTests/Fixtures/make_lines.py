"""Writes lines.json: the texts on which token ids and offsets are compared. No network, no packages; Python 3.11, seed 20261122.

Most lines are drawn from what is written below, so the file holds nothing of anyone else's but Article 1 of the Universal Declaration of
Human Rights (United Nations 1948, public domain), written from memory in many languages.
"""
import json, pathlib, random, unicodedata

random.seed(20261122)
here = pathlib.Path(__file__).parent
lines = []

article = """All human beings are born free and equal in dignity and rights.
Alle Menschen sind frei und gleich an Würde und Rechten geboren.
Tous les êtres humains naissent libres et égaux en dignité et en droits.
Todos los seres humanos nacen libres e iguales en dignidad y derechos.
Todos os seres humanos nascem livres e iguais em dignidade e em direitos.
Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti.
Alle mensen worden vrij en gelijk in waardigheid en rechten geboren.
Alla människor är födda fria och lika i värde och rättigheter.
Alle mennesker er født frie og like i verdighet og rettigheter.
Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan.
Kõik inimesed sünnivad vabadena ja võrdsetena oma väärikuselt ja õigustelt.
Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.
Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv.
Minden emberi lény szabadon születik és egyenlő méltósága és joga van.
Toate ființele umane se nasc libere și egale în demnitate și în drepturi.
Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. İstanbul'da ıssız bir ada.
Mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi.
Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un tiesībās.
Allir menn eru bornir frjálsir og jafnir öðrum að virðingu og réttindum.
Saoláitear na daoine uile saor agus comhionann ina ndínit agus ina gcearta.
Genir pawb yn rhydd ac yn gydradd â'i gilydd mewn urddas a hawliau.
Binadamu wote wamezaliwa huru, hadhi na haki zao ni sawa.
Semua orang dilahirkan merdeka dan mempunyai martabat dan hak-hak yang sama.
Все люди рождаются свободными и равными в своем достоинстве и правах.
Всі люди народжуються вільними і рівними у своїй гідності та правах.
Всички хора се раждат свободни и равни по достойнство и права.
Сва људска бића рађају се слободна и једнака у достојанству и правима.
Барлық адамдар тумысынан азат және қадір-қасиеті мен құқықтары тең болып дүниеге келеді.
Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.
Πάντες ἄνθρωποι ἐλεύθεροι καὶ ἴσοι γεννῶνται.
Բոլոր մարդիկ ծնվում են ազատ ու հավասար իրենց արժանապատվությամբ ու իրավունքներով։
ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით.
כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם.
בְּרֵאשִׁית בָּרָא אֱלֹהִים אֵת הַשָּׁמַיִם וְאֵת הָאָרֶץ
يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق.
بِسْمِ ٱللَّهِ ٱلرَّحْمَٰنِ ٱلرَّحِيمِ
تمام ابنای بشر آزاد به دنیا می‌آیند و از لحاظ حیثیت و حقوق با هم برابرند.
تمام انسان آزاد اور حقوق و عزت کے اعتبار سے برابر پیدا ہوئے ہیں۔
सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।
सर्व मानवी व्यक्ती जन्मतःच स्वतंत्र आहेत व त्यांना समान प्रतिष्ठा व समान अधिकार आहेत.
সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে।
ਸਾਰਾ ਮਨੁੱਖੀ ਪਰਿਵਾਰ ਆਪਣੀ ਮਹਿਮਾ, ਸ਼ਾਨ ਅਤੇ ਹੱਕਾਂ ਦੇ ਪੱਖੋਂ ਜਨਮ ਤੋਂ ਹੀ ਆਜ਼ਾਦ ਹੈ।
પ્રતિષ્ઠા અને અધિકારોની દૃષ્ટિએ સર્વ માનવો જન્મથી સ્વતંત્ર અને સમાન હોય છે.
மனிதப் பிறிவியினர் சகலரும் சுதந்திரமாகவே பிறக்கின்றனர்.
ప్రతిపత్తిస్వత్వముల విషయమున మానవులెల్లరును జన్మతః స్వతంత్రులును సమానులును నగుదురు.
ಎಲ್ಲಾ ಮಾನವರೂ ಸ್ವತಂತ್ರರಾಗಿಯೇ ಜನಿಸಿದ್ದಾರೆ.
മനുഷ്യരെല്ലാവരും തുല്യാവകാശങ്ങളോടും അന്തസ്സോടും സ്വാതന്ത്ര്യത്തോടുംകൂടി ജനിച്ചവരാണ്.
සියලු මනුෂ්‍යයෝ නිදහස්ව උපත ලබා ඇත.
มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ
ມະນຸດທຸກຄົນເກີດມາມີສິດເສລີພາບ ແລະ ສະເໝີໜ້າກັນ.
မနုသသတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် မွေးဖွားလာသူများ ဖြစ်သည်။
មនុស្សទាំងអស់កើតមកមានសេរីភាពនិងភាពស្មើៗគ្នា។
ཨོཾ་མ་ཎི་པདྨེ་ཧཱུྃ། འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ་སྐྱེས་ཙམ་ཉིད་ནས།
ሰው ሁሉ ነፃና እኩል ሆኖ ይወለዳል።
人人生而自由,在尊严和权利上一律平等。
人人生而自由,在尊嚴和權利上一律平等。他們賦有理性和良心。
すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。
カタカナとひらがな、漢字が混ざった文章です。ガギグゲゴ
모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.
ᠬᠦᠮᠦᠨ ᠪᠦᠷ ᠲᠥᠷᠥᠵᠦ ᠮᠡᠨᠳᠡᠯᠡᠬᠦ ᠡᠷᠬᠡ ᠴᠢᠯᠥᠭᠡ ᠲᠡᠢ
ᏂᎦᏓ ᎠᏂᏴᏫ ᏂᎨᎫᏓᎸᎾ ᎠᎴ ᎤᏂᏠᏱ ᎤᎾᏕᎿ ᏚᏳᎧᏛ ᎨᏒᎢ.
ᐃᓅᔪᓕᒫᑦ ᐊᓂᖅᑎᕆᔪᓕᒫᑦ ᐃᓅᓚᐅᕐᒪᑕ ᐃᓱᒪᕐᓱᕐᖢᑎᒃ
ᚠᛇᚻ᛫ᛒᛦᚦ᛫ᚠᚱᚩᚠᚢᚱ᛫ᚠᛁᚱᚪ᛫ᚷᛖᚻᚹᛦᛚᚳᚢᛗ
𐌰𐌻𐌻𐌰𐌹 𐌼𐌰𐌽𐌽𐌰 𐍆𐍂𐌴𐌹𐌷𐌰𐌻𐍃 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝒔𝒄𝒓𝒊𝒑𝒕 𝟘𝟙𝟚𝟛""".split("\n")

words = """the of and to in a is that for it was on are as with his they at be this from have or by one had not but what all were when we there can an
your which their said if do will each about how up out them then she many some so these would other into has more her two like him see time could no make
than first been its who now people my made over did down only way find use may water long little very after words called just where most know get through
back much go good new write our me man too any day same right look think also around another came come work three word must because does part even place
well such here take why things help put years different away again off went old number great tell men say small every found still between name should home big
give air line set own under read last never us left end along while might next sound below saw something thought both few those always looked show large often
together asked house don't world going want school important until form food keep children feet land side without boy once animals life enough took sometimes
four head above kind began almost live page got earth need far hand high year mother light parts country father let night following picture being study second
eyes soon times story boys since white days ever paper hard near sentence better best across during today others however sure means knew it's try told young miles
sun ways thing whole hear example heard several change answer room sea against top turned learn point city play toward five using himself usually money seen
didn't car morning given I'm body upon family later turn move face door cut done group true half red fish plants living black eat short United States run book gave
order open ground lines cold really table remember tree course front known able won't they've we'll you're he'd that's""".split()

emoji = ["😀", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷🇯🇵", "❤️", "☎︎", "🧑🏿‍🚀", "👨‍⚕️", "🫠", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "#️⃣", "🤷🏼‍♀️", "💩", "🥲", "🪿", "🫩"]
spaces = [" ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\v", "\f", "\u0085", "\u00a0", "\u1680", "\u180e", "\u2000", "\u2003", "\u2009", "\u200a", "\u200b",
    "\u200c", "\u200d", "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff", "\x1c", "\x1d", "\x1f"]
punctuation = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["…", "—", "–", "«", "»", "„", "“", "”", "’", "¿", "¡", "。", "、", "「", "」", "！", "？", "·", "؟", "।", "€", "£", "₹", "°", "±", "×", "→", "≤", "∑", "√"]
special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<mask>", "<extra>", "[word]",
    "[CLS]", "[SEP]", "<s>", "</s>", "<repo_name>", "<é>"]
code = r"""def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
for (int i = 0; i < 10; ++i) { printf("%d\n", values[i]); }
let values = items.filter { $0.count > 3 }.map(\.name).sorted(by: >)
SELECT name, COUNT(*) AS n FROM users WHERE age >= 21 GROUP BY name HAVING n > 1;
<div class="row"><a href="https://example.com/?q=a%20b&amp;x=1#top">link</a></div>
#include <stdio.h>  /* comment */ // another
public static void main(String[] args) throws IOException {}
const f = async (x) => { await fetch(`/api/${x}`); return x ?? null; };
git commit -m "Fix #123: don't crash" && git push --force-with-lease
x = np.array([[1.0, -2.5e-3], [3.14159, 6.022e23]], dtype=np.float32)
if (!ptr || ptr->next == NULL) goto fail;
{"name": "value", "list": [1, 2, 3], "nested": {"a": null, "b": true}}
fn main() { println!("{:?}", vec![1u8; 4]); let s: &'static str = "it's"; }
		if err != nil { return fmt.Errorf("read %q: %w", path, err) }
match x { Some(ref v) if *v > 0 => v.clone(), _ => 0 }
$ tar -xzf archive.tar.gz --strip-components=1 -C /usr/local
\begin{equation} \int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2} \end{equation}
uint64_t h = (k * 0x9E3779B97F4A7C15ull) >> 32; // 0b1010 0o777
@property (nonatomic, strong) NSString *camelCaseName_with_underscores;
C:\Users\name\Documents\file.txt and ~/.config/app.toml and ../../up""".split("\n")


def word():
    return random.choice(words)


def sentence(n):
    text = " ".join(word() for _ in range(n))
    return text[0].upper() + text[1:] + random.choice([".", "!", "?", "...", ":", ";", ""])


def characters(ranges, n):
    out = []
    while len(out) < n:
        low, high = random.choice(ranges)
        value = random.randint(low, high)
        if not 0xD800 <= value <= 0xDFFF:
            out.append(chr(value))
    return "".join(out)


# Whole texts, and texts for the byte-pair trainers.
lines += [""] + article + code + [" " + line for line in code]
for line in article:
    lines += [unicodedata.normalize("NFD", line), line.upper(), line.lower() + " 2026"]
for _ in range(900):
    lines.append(" ".join(sentence(random.randint(3, 12)) for _ in range(random.randint(1, 3))))
for _ in range(250):
    lines.append(" ".join(random.choice(random.choice(article).split()) for _ in range(random.randint(2, 12))))
# Contractions in every case, also with the long s and the Kelvin sign, which fold to s and k.
for tail in ["'s", "'S", "'t", "'T", "'re", "'RE", "'Re", "'ve", "'VE", "'m", "'M", "'ll", "'LL", "'lL", "'d", "'D", "'ſ", "’s", "'", "''", "'st", "'sK", "'x"]:
    lines += [f"it{tail} here", f"IT{tail}", f"{tail} {tail}", f"9{tail}", f" {tail}x"]
# Digits.
for _ in range(150):
    lines.append(random.choice(["", "n=", "€ ", " ", "-"]) + "".join(random.choice("0123456789") for _ in range(random.randint(1, 40))) + random.choice(["", ".5", "%", "px", " kg"]))
lines += ["0" * 200, "1234567890" * 30, "٠١٢٣٤٥٦٧٨٩ 12٣٤", "१२३४५६ ୧୨୩", "①②③ ⅷ Ⅻ ½ ¾ x² H₂O 10⁻⁹", "3.14159265358979", "1,234,567.89", "192.168.0.1:8080", "2026-11-22T10:00:00Z",
    "𝟎𝟏𝟐 𞥐𞥑 ൧൨ ௧௨", "一二三四五六", "〇〡〢 ㆒㆓ ㊀㊁"]
# White space of every kind, alone, in runs, before and after words and line ends.
for s in spaces:
    lines += [s, s * 2, s * 5, f"a{s}b", f"a{s}{s}b", f" {s}b", f"{s} b", f"a{s}", f"a {s}", f"a{s}\n", f"a\n{s}b", f"1{s}2", f"!{s}!", f"é{s}é", f"a{s} {s}b{s}c"]
for _ in range(250):
    lines.append("".join(random.choice(spaces) if random.random() < 0.5 else random.choice([word(), random.choice(punctuation), "7", "é", "漢", "🙂"]) for _ in range(random.randint(3, 14))))
# Punctuation.
for _ in range(200):
    lines.append("".join(random.choice(punctuation) if random.random() < 0.5 else random.choice([word(), " ", "\n", "42"]) for _ in range(random.randint(3, 16))))
# Emoji, with joiners, skin tones and flags.
lines += emoji + [e * 3 for e in emoji]
for _ in range(150):
    lines.append("".join(random.choice(emoji) if random.random() < 0.5 else random.choice([word(), " ", "!", "\u200d", "\ufe0f"]) for _ in range(random.randint(2, 10))))
# Combining marks, in and out of canonical order; Hangul from its parts; singletons and excluded compositions.
marks = [chr(c) for c in list(range(0x300, 0x370)) + [0x483, 0x5B0, 0x5BC, 0x64B, 0x651, 0x93C, 0x94D, 0x9BC, 0xE38, 0xF71, 0xF72, 0x1AB0, 0x20D0, 0x3099, 0x309A, 0x1D165]]
for _ in range(300):
    base = random.choice("aeiouAEIOUnscqxzÅéộかはคकড1 -") if random.random() < 0.9 else ""
    lines.append("".join((random.choice("aeoncsz ") if random.random() < 0.3 else base) + "".join(random.choice(marks) for _ in range(random.randint(0, 4))) for _ in range(random.randint(1, 6))))
lines += ["\u1100\u1161\u11a8\u1100\u1161", "\uac00\u11a8", "\uac01\u11a8", "\u1100\u1161\u11a7", "Å \u212b \u2126 \u212a", "\u0958\u0959 \u09dc \u0a33\u0a3c", "\u0344 a\u0344", "\u0340\u0341\u0343",
    "\u1ea5 a\u0302\u0301 \u00e2\u0301", "q\u0307\u0323 q\u0323\u0307", "\u0f73\u0f75\u0f81", "\U0001d15e\U0001d1bb", "\ufb1f\ufb2a", "\u2adc", "\u09c7\u09be \u0bc6\u0bbe \u0dd9\u0dca\u0dcf", "が か\u3099 は\u309a",
    "\u0301a", "a\u0327\u0301", "a\u0301\u0327", "\U00011099\U000110ba", "\ufb1d\u05b4", "豈更車賈", "\U0002f800\U0002f801"]
# Special tokens inside text, touched by words, spaces and each other; parts of them.
for token in special:
    lines += [token, f"{token}{token}", f"a{token}b", f"a {token} b", f"{token} x", f"x {token}", f" \t{token}\u3000\n", f"x{token} ", f"é{token}é", f"_{token}-", f"{token[:-1]}", token.upper(), f"\u0301{token}\u0301", f"{token}\u200d"]
for _ in range(250):
    lines.append("".join(random.choice(special) if random.random() < 0.4 else random.choice([word(), " ", "  ", "\n", "é", "e\u0301", "!", "3"]) for _ in range(random.randint(3, 10))))
lines.append("<|im_start|>system\nYou are helpful.<|im_end|>\n<|im_start|>user\nHi!<|im_end|>\n<|im_start|>assistant\n")
# Control characters, private use, non-characters, and characters drawn from everywhere that Unicode 13 had assigned.
lines += [chr(c) for c in range(0, 0x20)] + [f"a{chr(c)}b" for c in list(range(0, 0x20)) + list(range(0x7F, 0xA1))]
lines += ["\x04hello\x06 \x13world", " \x04a\x04b\x04", "\x04\x04", "\x10 \x04\x06", "\x01 x\x04y z", "\u00fe\u00ff\u00f1 ö\x04", "\ue000\uf8ff\U000f0000\U0010fffd", "\ufffe\uffff\U0001ffff", "\ufffd", "\ud7ff\ue000"]
assigned = [c for c in range(0x21, 0x30000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
for _ in range(300):
    lines.append("".join(chr(random.choice(assigned)) if random.random() < 0.7 else random.choice([" ", "a", "1", "\n"]) for _ in range(random.randint(1, 24))))
for _ in range(100):
    lines.append(characters([(0x20, 0x7E), (0xA1, 0x24F), (0x370, 0x5FF), (0x900, 0xDFF), (0x1E00, 0x1FFF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3)], random.randint(4, 30)))
# Letters and numbers that came with Unicode 15 and 16.
lines += [f"a{chr(c)} {chr(c)}{chr(c)}1{chr(c)}!" for c in [0x1C89, 0xA7CB, 0xA7DC, 0x105C0, 0x10D4A, 0x10D41, 0x10EC2, 0x11BC3, 0x11BF1, 0x11F04, 0x11F51, 0x13460, 0x16100, 0x16131, 0x16D71, 0x1CCF2, 0x1D2C3, 0x1E030, 0x1E4D0, 0x1E4F1, 0x1E5D1, 0x1E5F2, 0x2B739, 0x2EBF1, 0x31351]]
# Very long words, runs and lines.
lines += ["a" * 3000, "ab" * 1000, "supercalifragilisticexpialidocious" * 30, "é" * 700, "漢字" * 300, " " * 1000 + "x", "\n" * 500, "-" * 1200, "=" * 64 + "\r\n" + "=" * 64, "\t" * 40 + "x", "a b " * 400, "1a" * 400,
    "".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(2000)), "http://" + "x" * 300 + "/" * 50, "👩‍👩‍👧‍👦" * 60]
# Line ends of every kind inside texts.
for end in ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", " \n", "\n ", "\n\t", " \r\n "]:
    for _ in range(8):
        lines.append(end.join(sentence(random.randint(1, 5)) for _ in range(3)) + random.choice(["", end]))

(here / "lines.json").write_text("[\n" + ",\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n]\n", encoding="utf-8")
print(len(lines), "lines,", (here / "lines.json").stat().st_size, "bytes")
