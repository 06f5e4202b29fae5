/// What goes wrong on the way to the customer, and faults of things that the ticket doesn't name.
enum ParcelWords {
    /// `delivery`: late, lost, left in the wrong place.
    static let delivery = Bank(
        """
        {p} [has not arrived|hasn't turned up|still isn't here]
        {p} was [promised|announced] for {day} and there is no sign of it
        I ordered {p} {ago} and I am still waiting
        the tracking page says {p} was [handed over|delivered], but nobody here has seen it
        {p} has been sitting in the same depot since {day}
        your driver [left|dropped] {p} at a house three streets away
        the [courier|carrier] claims I wasn't home when {p} came, which isn't true
        {p} seems to have got lost [in the post|on the way]
        according to the tracking, {p} is going round in circles between two [towns|depots]
        there has been no update on where {p} is since {day}
        {p} was supposed to take two days and it has been [nearly three weeks|more than a fortnight]
        {p} went back to the sender without anyone [ringing the bell|trying to deliver it]
        the parcel with {p} was put out in the rain and taken by [a stranger|someone else]
        the dispatch date for {p} has been [moved|pushed back] for the third time
        I got the mail that {p} was sent, and after that nothing ever [came|appeared]
        {p} is still [being prepared|marked as packing], {ago} I paid for next-day service
        the parcel shop has no record of {p}, although your mail says to collect it there
        {p} never made it to my [door|flat]
        the neighbour you name on the card for {p} does not exist
        only an empty van came; the driver said {p} had not been [loaded|put on board]
        half the street got their parcels on {day}, {p} was not among them
        customs tell me nobody has [filed|sent] the papers for {p}, so it is stuck there
        I stayed in all {day} for {p} and no one [came|showed up]
        {p} was sent to my [old address|former flat] though I gave you the new one
        """)

    /// `damaged`: broken on the way; each says so.
    static let damaged = Bank(
        """
        {p} [arrived|turned up|came] [cracked|smashed|in pieces]
        the box was crushed and {p} inside is [dented|broken]
        {p} has a deep scratch right across the front, straight out of the [box|packaging]
        when I opened the [parcel|package], {p} fell out in two pieces
        {p} came with a corner [broken|knocked] off
        the parcel must have been dropped, {p} is [bent|shattered]
        on unpacking I found {p} with a [hole|big crack] in its side
        there was water in the carton and {p} is [stained|soaked]
        {p} was packed without any [padding|paper] and it shows: it is full of dents
        the courier threw the carton over the gate and {p} did not survive the landing
        I have just unpacked {p} and the [cover|casing] is split from top to bottom
        {p} reached me in a torn box, with the [outer shell|housing] caved in
        one look into the [box|carton] was enough: {p} is in bits
        {p} looks as if a lorry had driven over the [box|parcel]
        something heavy must have lain on the [package|parcel], since {p} is flattened
        {p} was delivered with the [edge|side] chipped and splinters all over the box
        {p} came out of its wrapping with dents on [both|all] sides
        the seal was open, the foam was gone and {p} is scratched all over
        half of {p} is intact, the other half was crushed in [transit|the post]
        the handover went fine but inside the [parcel|box] {p} was broken clean through
        {p} did not [survive|get through] the journey, there are cracks everywhere
        paint has [flaked|come] off {p} where the box was pushed in
        """)

    /// `wrong item`: something else came. `{v}` was ordered, `{w}` came.
    static let wrongItem = Bank(
        """
        I ordered {p} in {v} and [got|received] it in {w}
        you sent me the {w} version of {p} instead of the {v} one
        {p} came in {w}, I had [chosen|picked] {v}
        instead of {p} there was a [box of cat toys|set of towels|garden hose] in the parcel
        I asked for {p} in {v}; what came is {w}
        the [label|sticker] on the box says {p}, the thing inside is [a pair of slippers|a bread knife]
        I opened the [parcel|box] expecting {p} and found a bundle of curtain rods
        somebody mixed up the parcels: I was meant to get {p} and now own a [child's raincoat|picture frame]
        my {o} said {p} in {v}, yet the one I [unpacked|was sent] is {w}
        {p} should have been {v} but this one is clearly {w}
        you must have [swapped|confused] two customers, because {p} wasn't in my box, a [dog bed|salad bowl] was
        I clicked on {v} for {p}, the confirmation says {v}, and {w} is what arrived
        the {w} model of {p} was in the parcel, mine was to be {v}
        not {p} but a [yoga mat|phone cover] was in the carton
        what I unpacked is not {p} at all, it is [a shower curtain|some kind of hose]
        this is the third time {p} has come in {w} when I [want|asked for] {v}
        {w} is what you put in the box, {v} is what I [ordered|paid for] when I bought {p}
        the picker took the wrong shelf: {p} in {w} rather than in {v}
        """)

    /// `wrong item` without a product's name.
    static let wrongItemGeneral = Bank(
        """
        you sent me [a dog bed|curtain rods|cat toys], which I have never ordered
        the parcel I got was packed for [somebody else|another customer]
        what is in the box is not what I [ordered|bought]
        I received [two garden chairs|a bread knife] and none of the things on my list
        the [contents|things inside] don't match the delivery note in any way
        my parcel must have been swapped with a [neighbour's|stranger's], nothing in it is mine
        I got a [raincoat for children|set of spanners] where my own purchase should have been
        """)

    /// `faulty` without a product's name.
    static let faultyGeneral = Bank(
        """
        {p} [worked|ran] for two days and then gave up
        {p} won't [turn on|start] any more
        {p} [stopped working|died] after a week of normal use
        {p} makes a grinding noise and does nothing else
        {p} needs five tries before it [starts|comes on]
        {p} only works when it feels like it
        the buttons on {p} have no effect at all
        {p} has switched itself off for good
        no matter how long I charge {p}, it stays dead
        {p} does the opposite of what the manual says
        {p} gets weaker every day and is now [useless|no use]
        """)
}
