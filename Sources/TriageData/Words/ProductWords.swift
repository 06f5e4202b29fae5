/// A kind of thing the invented shop sells, with what can go wrong with it and what people ask about it.
///
/// In the phrases `{p}` is the product with its article, and `{n}` the noun alone.
struct Kind: Sendable {
    let noun: String
    /// What is wrong when the thing fails in use; never a trace of the journey, which would be `damaged`.
    let faults: [String]
    /// Faults that are a danger by themselves, so that the ticket is urgent.
    var hazards: [String] = []
    let questions: [String]
    /// Colours and sizes it comes in, for the wrong one to arrive.
    var variants = ["black", "white", "grey", "red", "blue", "green"]
}

enum ProductWords {
    /// Invented makers of the products in both splits.
    static let makers = Bank(
        """
        Velto
        Brinka
        Ondry
        Korvane
        Tamsil
        Juvik
        Plenor
        Hastra
        Quillo
        Dorvin
        Seltra
        Mavoko
        Fennix
        Ulbro
        Zandry
        Pirolo
        Grestal
        Nolvik
        Askelo
        Wendra
        Lumerk
        Rovanti
        Istrel
        Bevora
        Calduno
        """)

    /// What may stand between maker and noun; empty entries for none.
    static let models = ["", "", "", "", "Mini", "Duo", "X2", "Plus", "Go", "Air 3", "Classic", "S"]

    /// Every fifth kind is kept for the held-out split, as every fifth phrase of a bank is.
    static let kinds = [
        Kind(
            noun: "kettle",
            faults: [
                "{p} [leaks|drips] from the base whenever I fill it",
                "{p} [switches itself off|clicks off] long before the water boils",
                "{p} [takes|needs] [ten|fifteen] minutes to warm a single cup",
                "the lid of {p} no longer [stays shut|closes]",
                "{p} [has stopped heating|does not heat any more], though the light comes on",
            ],
            hazards: ["{p} gave me an electric shock when I touched the handle", "there was smoke coming out of {p} this morning"],
            questions: ["how do I [descale|get the lime out of] {p}?", "is {p} safe to use with filtered water only?"]),
        Kind(
            noun: "toaster",
            faults: [
                "{p} [burns|blackens] one side of the bread and leaves the other raw",
                "the lever of {p} [won't stay down|pops straight back up]",
                "only one slot of {p} still gets [hot|warm]",
                "{p} trips the fuse every single time I [use it|plug it in]",
            ],
            hazards: ["{p} caught fire [yesterday|at breakfast], the flames were real", "sparks fly out of {p} when it is plugged in"],
            questions: ["does {p} [take|fit] thick slices?", "can I [buy|order] a spare crumb tray for {p}?"]),
        Kind(
            noun: "desk lamp",
            faults: [
                "{p} flickers all evening, with any bulb",
                "the arm of {p} [sinks|droops] slowly and won't hold its position",
                "the dimmer on {p} [does nothing|has stopped responding]",
                "{p} goes [dark|off] by itself after a couple of minutes",
                "{p} hums so loudly that I can't [read|work] beside it",
            ],
            hazards: ["the cable of {p} has melted and there is a smell of burning"],
            questions: ["which bulb [fits|goes into] {p}?", "can {p} be [fixed|screwed] to a wall?"]),
        Kind(
            noun: "headset",
            faults: [
                "the left side of {p} is [dead|silent]",
                "nobody can hear me through the microphone of {p}",
                "{p} [loses|drops] the connection every few minutes",
                "the battery of {p} [is empty|runs flat] after half an hour",
                "there is a constant [crackle|hiss] in {p}",
            ],
            hazards: ["the battery of {p} got so hot that it burned my ear"],
            questions: ["does {p} work with a [games console|television]?", "how long [is the guarantee on|does the battery last in] {p}?"]),
        Kind(
            noun: "projector",
            faults: [
                "the picture from {p} is [green all over|blurred at the edges whatever I do]",
                "the fan of {p} [screams|rattles] like a jet engine",
                "{p} shuts down in the middle of every film",
                "{p} does not find any source, not even by cable",
            ],
            hazards: ["white smoke rose from {p} during a film"],
            questions: ["how far from the wall must {p} stand for a two metre picture?", "can I get a new lamp for {p}?"],
            variants: ["black", "white", "short-throw", "long-throw"]),
        Kind(
            noun: "speaker",
            faults: [
                "{p} [crackles|buzzes] at any volume",
                "{p} [refuses to|won't] charge any more",
                "{p} [turns itself off|goes silent] in the middle of a song",
                "the volume knob of {p} [spins without doing anything|does nothing]",
            ],
            hazards: ["the battery of {p} has swollen and hisses"],
            questions: ["can two of {p} [play together|be linked]?", "is {p} [waterproof|fine in the rain]?"]),
        Kind(
            noun: "vacuum cleaner",
            faults: [
                "{p} has [lost all its suction|no suction left]",
                "{p} [stops|dies] after five minutes on a full charge",
                "the brush of {p} doesn't [turn|spin] any more",
                "{p} blows the dust straight back into the room",
                "the hose of {p} keeps [falling off|coming loose] by itself",
            ],
            hazards: ["{p} gave off sparks and now the socket is black"],
            questions: ["where can I [find|order] filters for {p}?", "does {p} [cope with|work on] long carpet?"]),
        Kind(
            noun: "fan",
            faults: [
                "{p} only runs at [full speed|the highest setting] now",
                "{p} [wobbles|shakes] so badly that it walks across the floor",
                "the remote for {p} has [never worked|stopped working]",
                "{p} [squeaks|clicks] on every turn",
            ],
            questions: ["how loud is {p} at night?", "how do I take {p} apart to [clean|wash] it?"]),
        Kind(
            noun: "backpack",
            faults: [
                "the zip of {p} [split|came apart] on the second day of use",
                "a strap of {p} [tore off|came unstitched] while I was walking",
                "the lining of {p} is [coming apart|fraying] after a month",
                "{p} lets the rain straight through, although it is sold as waterproof",
            ],
            questions: ["will a 16 inch laptop [fit in|go into] {p}?", "may I put {p} in the washing machine?"],
            variants: ["small", "large", "20 litre", "30 litre", "black", "green"]),
        Kind(
            noun: "rice cooker",
            faults: [
                "{p} leaves the rice [hard|raw] in the middle, whatever I try",
                "{p} jumps to the warming setting after a minute",
                "the display of {p} shows nothing but an error",
                "{p} boils over on every setting",
            ],
            hazards: ["the plug of {p} started to melt while it was on"],
            questions: ["can I cook [lentils|oats] in {p}?", "is the pot of {p} dishwasher safe?"],
            variants: ["one litre", "two litre", "white", "red"]),
        Kind(
            noun: "alarm clock",
            faults: [
                "{p} [loses|drops] ten minutes a day",
                "{p} [doesn't ring|stays silent] at the time I set",
                "half of the digits on {p} [no longer light up|have gone dark]",
                "{p} forgets the time whenever [it likes|the power blinks]",
            ],
            questions: ["how do I change {p} to [summer time|the 24 hour clock]?", "what batteries does {p} take?"]),
        Kind(
            noun: "camera",
            faults: [
                "every picture from {p} [is out of focus|has a purple stripe]",
                "{p} [doesn't recognise|refuses] any memory card",
                "{p} [freezes|hangs] as soon as I start filming",
                "the shutter button on {p} [is stuck|has jammed]",
                "the screen of {p} went [black|blank] after a week of normal use",
            ],
            questions: ["which memory cards [suit|work in] {p}?", "is there a [longer strap|case] for {p}?"]),
        Kind(
            noun: "keyboard",
            faults: [
                "three keys on {p} [type nothing|do nothing]",
                "{p} types every letter [twice|three times]",
                "{p} disconnects [whenever it feels like it|several times an hour]",
                "the space bar of {p} [sticks|jams]",
            ],
            questions: ["can I [switch|set] {p} to a French layout?", "does {p} [work|pair] with a tablet?"],
            variants: ["black", "white", "grey", "wired", "wireless"]),
        Kind(
            noun: "hair dryer",
            faults: [
                "{p} blows [cold air only|nothing but cold air]",
                "{p} cuts out after [one minute|thirty seconds]",
                "{p} [rattles|screeches] as if something were loose inside",
                "the switch on {p} doesn't [click into place|move] any more",
            ],
            hazards: ["{p} shot out sparks next to my face", "flames came out of the back of {p}"],
            questions: ["does {p} run on [110 volts|American current]?", "does {p} come with a [diffuser|stand]?"]),
        Kind(
            noun: "sleeping bag",
            faults: [
                "the filling of {p} has [gathered in lumps|moved to the foot end] after one wash",
                "{p} loses [feathers|its stuffing] through every seam",
                "the drawcord of {p} snapped the first night out",
                "{p} is nowhere near as warm as [promised|stated], I shivered at ten degrees",
            ],
            questions: ["down to what temperature can I use {p}?", "can two of {p} be zipped together?"],
            variants: ["short", "long", "summer", "winter", "orange"]),
        Kind(
            noun: "office chair",
            faults: [
                "{p} [sinks|slides down] to the floor while I sit on it",
                "one wheel of {p} [keeps dropping out|has jammed]",
                "the backrest of {p} [no longer locks|falls back without warning]",
                "{p} [creaks|squeaks] at the slightest movement after a month",
            ],
            questions: ["what weight [can {p} carry|is {p} made for]?", "are there [hard|soft] floor wheels for {p}?"]),
        Kind(
            noun: "bike light",
            faults: [
                "{p} [goes out|dies] at every bump",
                "{p} lasts [twenty minutes|not even one ride] on a full charge",
                "the clip of {p} no longer [grips|holds]",
                "{p} stopped [working|shining] in the first drizzle",
            ],
            questions: ["does {p} [fit|go on] a thick handlebar?", "how do I switch {p} to [blinking|low beam]?"],
            variants: ["front", "rear", "black", "silver"]),
        Kind(
            noun: "blender",
            faults: [
                "the blades of {p} [no longer turn|are jammed]",
                "{p} [leaks|drips] from underneath when it runs",
                "{p} can't even [crush a banana|mix a milkshake] any more",
                "{p} [only works|runs only] when I hold the jug at an angle",
            ],
            hazards: ["the motor of {p} started smoking", "{p} switched itself on with my hand near the blades and cut me"],
            questions: ["can {p} [crush ice|grind nuts]?", "do you [sell|have] a second jug for {p}?"]),
        Kind(
            noun: "tent",
            faults: [
                "the seams of {p} [let in water|leak] in the lightest rain",
                "a pole of {p} [snapped|broke] on the third night, with no wind at all",
                "the zip of {p} [jams|sticks] half way every time",
                "the floor of {p} is [soaked|wet] every morning",
            ],
            questions: ["how small does {p} [pack|fold]?", "does {p} stand up to [snow|strong wind]?"],
            variants: ["two-person", "four-person", "green", "orange"]),
        Kind(
            noun: "doorbell",
            faults: [
                "{p} rings by itself in the middle of the night",
                "the button of {p} has no effect most of the time",
                "{p} eats a set of batteries every week",
                "{p} only chimes when I stand right next to the receiver",
            ],
            questions: ["how far may the receiver of {p} be from the button?", "can I turn down {p} at night?"]),
    ]
}
