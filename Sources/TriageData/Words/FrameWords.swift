/// What stands around the news: greetings, endings, ways in, numbers, distractions and small talk.
enum FrameWords {
    static let formalGreetings = Bank(
        """
        Dear Sir or Madam,
        Dear support team,
        To whom it may concern,
        Good [morning|afternoon|evening],
        Dear customer service,
        Ladies and gentlemen,
        """)
    static let plainGreetings = Bank(
        """
        Hello,
        Hi,
        Good [morning|day],
        Hello there,
        Hi team,
        Greetings,
        """)
    static let chattyGreetings = Bank(
        """
        hey,
        hi guys,
        hiya,
        heya!
        hi hi,
        Hello lovely people,
        hey there,
        """)
    static let formalClosings = Bank(
        """
        Yours faithfully, {name}
        Kind regards, {name}
        Yours sincerely, {name}
        With best wishes, {name}
        I look forward to your reply. {name}
        Thank you in advance for your attention. {name}
        """)
    static let plainClosings = Bank(
        """
        Thanks, {name}
        Thank you, {name}
        Regards, {name}
        Best, {name}
        {name}
        Many thanks
        Thanks in advance
        """)
    static let chattyClosings = Bank(
        """
        cheers, {name}
        ta, {name}
        thanks!! {name}
        bye, {name}
        ok that's it, {name}
        xx {name}
        sent from my phone
        """)

    /// Ways into a plain statement, which follows in lower case.
    static let leadIns = Bank(
        """
        I'm writing because
        unfortunately
        I'm afraid
        it's like this:
        just to let you know,
        the problem is that
        here is what happened:
        I have to report that
        as of today
        believe it or not,
        so
        it looks like
        well,
        I need help:
        what's wrong is this:
        to keep it short,
        I regret to say that
        once more,
        my issue:
        sad to say,
        """)
    /// Sentences that name the product before the news says "it".
    static let introductions = Bank(
        """
        this is about {p}
        I'm writing about {p}
        I bought {p} from you {ago}
        Subject: {bare}.
        it concerns {p}
        {ago} I ordered {p}
        my message is about {p}
        Product: {bare}.
        I have a matter with {p} to raise
        {bare}, bought {ago}
        """)

    /// The number of the order the ticket is about.
    static let orders = Bank(
        """
        order {num}
        order number {num}
        my order number is {num}
        Order: {num}
        it is order {num}
        the order is #{num}
        order no. {num}
        the number on the confirmation is {num}
        you'll find it under order {num}
        (order {num})
        ref. {num}
        my reference is {num}
        the order in question is {num}
        it was part of order {num}
        this was order {num}, placed {ago}
        it says {num} on the delivery note
        the invoice carries order number {num}
        the order number? {num}
        """)
    /// The same with a slip that the writer takes back at once.
    static let corrections = Bank(
        """
        order {old}, sorry, I mean {num}
        my order is {num}, not {old} as I wrote before
        the order number is {num} (your colleague had noted {old} by mistake)
        on the phone I said {old}, the right order number is {num}
        order {num}; please ignore {old}, that was a typing error
        """)
    /// Orders the ticket is not about.
    static let otherOrders = Bank(
        """
        my earlier order {old} came without any trouble
        order {old} from last year was fine, this isn't about that one
        order {old} is long closed and has nothing to do with this
        the one before, order {old}, was perfect
        please leave my other order {old} as it is
        don't mix this up with order {old}, which I returned in spring
        """)
    /// Products the ticket is not about.
    static let otherProducts = Bank(
        """
        my {other} from you works perfectly
        I also have your {other} and there is nothing wrong with it
        my {person} has your {other} and never had any trouble
        before this I used your {other} for years
        the {other} that I bought with it is fine
        I nearly bought the {other} instead
        I came to it from the {other}, which I gave to my {person}
        the {other} in the same parcel was all right
        """)

    /// Small talk that decides nothing. Dates, amounts and small numbers are in it on purpose.
    static let fillers = Bank(
        """
        I live on the {floor} floor
        my {person} told me to write to you
        I tried to call on {day} but the line was busy
        I am at home most days after 5
        I already tried what the help page says
        I hope this is the right address for it
        it is raining here, by the way
        I wrote to you on {date} already
        the chat window on your page did not open
        I am using a phone to type this
        my {person} says hello
        I hope I haven't forgotten anything
        English is not my first language
        I filled in the form on your page as well
        I am not good with computers
        we are a household of four
        your leaflet came on {date}
        I found your address on the back of the box
        the weather was bad on {day}
        the shop assistant suggested I write
        you can reach me on extension 412
        my {person} ordered from you in {month}
        """)

    /// Small talk about a thing.
    static let fillersForGoods = Bank(
        """
        I bought it {ago}
        it was a present from my {person}
        I paid {money} for it
        I have attached two photos
        I saw it in your catalogue on page 14
        I have kept the packaging and the receipt
        I've been looking for something like it since {month}
        it is meant for my {person}
        I chose it after reading a test in a magazine
        it is the second one I've had, the first lasted 7 years
        it cost me {money} in the sale
        my {person} picked it out with me
        """)

    static let names = [
        "Mira", "Jonas", "Tilda", "Oskar", "Priya", "Ewan", "Lucia", "Femi", "Greta", "Hugo", "Ines", "Kofi", "Leila", "Marek", "Nadia", "Owen",
        "Petra",
        "Ravi", "Signe", "Tomas", "Yara", "Bram", "Carys", "Dmitri", "Asha",
    ]
    static let people = ["sister", "brother", "neighbour", "colleague", "aunt", "son", "daughter", "father", "flatmate", "boss", "grandmother"]
    static let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    static let months = ["January", "March", "April", "May", "July", "September", "October", "November"]
    static let ago = [
        "two weeks ago", "last month", "ten days ago", "in spring", "three weeks ago", "last week", "on Monday", "a month ago", "a few days ago",
        "on the 4th",
        "back in June", "some time ago", "at the end of August",
    ]
    static let soon = ["tomorrow", "tonight", "tomorrow morning", "the day after tomorrow", "this evening", "tomorrow at noon"]
    static let later = ["summer", "the autumn", "next season", "next year", "the winter"]
    static let floors = ["first", "second", "third", "fourth", "top"]
    static let articles = ["my", "the", "the", "your", "my new"]
    /// For a thing that the writer may not have bought.
    static let articlesInQuestions = ["the", "the", "your"]
    static let unnamed = ["the item", "my purchase", "the thing I bought", "the article I ordered", "the stuff I ordered"]
    static let orderWords = ["order", "purchase"]
}
