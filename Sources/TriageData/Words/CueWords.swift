/// The sentences that decide urgency, tone and refund. A field without its sentence has its quiet value: `normal`, `calm`, false.
enum CueWords {
    /// `high`, about things: a need or deadline within days.
    static let highForGoods = Bank(
        """
        this is urgent
        I need [it|this sorted] by {soon} at the latest
        please hurry, [my flight leaves|we travel] {soon}
        this can't wait, guests are coming {soon}
        it is a birthday present and the party is {soon}, so be quick
        please [act|react] immediately, I depend on it for my [job|work]
        it is very urgent, we open our café {soon}
        I need it as soon as possible
        can somebody deal with this right away?
        my mother is ill and needs it every [night|day], so please hurry
        it has to be [settled|solved] before {soon}, otherwise it is too late
        please help me [today|at once]
        time is [short|running out]: the wedding is {soon}
        I must have a [solution|working one] within 24 hours
        this is an emergency
        quickly please, we are [moving house|leaving the country] {soon}
        please treat this as urgent
        I can't wait any longer, I need it now
        the baby can't sleep without it, so today rather than tomorrow, please
        as fast as you possibly can, please, I am stuck without it
        """)

    /// `high`, about money, access and questions.
    static let highForDesk = Bank(
        """
        this is urgent
        I need this [sorted|cleared up] by {soon} at the latest
        please [answer|get back to me] today
        please hurry, the deadline for my [tax papers|application] is {soon}
        it is very urgent, I am travelling {soon}
        I need an answer as soon as possible
        can somebody deal with this right away?
        this can't wait, it must be settled before {soon}
        please treat this as urgent
        I must have an answer within 24 hours
        please look at it immediately, it is holding up my [work|business]
        please help me [today|at once]
        be quick, please, it has to be done by {soon}
        I can't wait any longer, I need it now
        as fast as you possibly can, please
        """)

    /// `low`: it may take its time.
    static let low = Bank(
        """
        there is no [rush|hurry]
        no hurry at all
        it is not urgent
        take your time
        this can [easily wait|wait]
        whenever you have a spare moment
        I am not in a [hurry|rush]
        no rush, I won't need it before {later}
        not urgent at all, [next month|after the holidays] is fine
        please deal with the urgent cases first, mine can wait
        any time in the next [few weeks|couple of months] is fine
        no need to hurry
        I can manage as things are [meanwhile|for now], so it can wait
        take as long as you need
        it isn't urgent, nothing depends on it
        there's no rush, answer when things are [quiet|calmer]
        I can wait
        no hurry, we are away until {later} anyway
        take all the time you want, I'm in no rush
        whenever it suits you
        """)

    /// `angry`.
    static let angry = Bank(
        """
        this is [a joke|ridiculous|a disgrace]
        I am [furious|livid|fuming]
        what kind of [shop|company] is this?
        I have never been treated so badly
        I am sick and tired of your [excuses|empty promises]
        how hard can it be?
        you should be ashamed of yourselves
        never again will I [buy|order] from you
        this is the [worst|most miserable] service I have ever seen
        do you even read [these messages|what people write]?
        I have had enough
        absolutely [unacceptable|outrageous]
        my patience is at an end
        are you kidding me?
        nobody at your place seems to [care|give a damn]
        I will tell everyone I know to stay away from you
        what a waste of [time|money]
        I'm beyond [annoyed|angry] by now
        pull yourselves together
        I feel [cheated|ripped off]
        this shop is run by clowns
        it makes my blood boil
        don't you dare send me another [standard reply|copied answer]
        I could scream
        expect a very bad review from me
        how you stay in business is a mystery to me
        I am disgusted
        if I treated my customers like this, I'd be out of work
        useless, the whole lot of you
        this is beyond belief
        """)

    /// `happy`: praise or delight, whatever went wrong.
    static let happy = Bank(
        """
        I love your shop [all the same|by the way]
        your [team|staff] has always been wonderful to me
        apart from that I am [delighted|over the moon]
        you people are the best
        I have been a [happy|contented] customer for years
        keep up the great work
        your last [answer|reply] was so quick and kind, I was really impressed
        I'm a big fan of [everything you do|your shop]
        I always tell my friends how good you are
        I couldn't be happier with how you treat people
        the lady on the phone was an absolute [star|treasure]
        such a [lovely|brilliant] shop
        everything else I've had from you is [fantastic|superb]
        you have made my [week|day] more than once
        big [hugs|cheers] to your whole team
        it is a joy to deal with you
        what a great company you are
        my children [adore|love] what you sell
        five stars from me, as ever
        I am really grateful for your wonderful help so far
        you're doing an amazing job
        the handwritten card in the box made me smile
        I still think you are the nicest shop on the web
        I'm thrilled with your service in general
        your new catalogue is beautiful, by the way, compliments
        hats off to your support people
        """)

    /// `calm`, said aloud: looks like feeling and is none.
    static let calm = Bank(
        """
        I'm not [angry|cross], just puzzled
        I am sure there is a simple explanation
        these things happen
        I'm only reporting the facts
        no hard feelings
        no drama, I just want it [noted|on record]
        I don't blame anyone
        mistakes happen, I make them too
        """)

    /// Refund true, about a thing.
    static let refund = Bank(
        """
        I want my money back
        please [refund|reimburse] me
        I'd like a [full refund|refund], please
        I would rather have the money back than a second one
        please return the [payment|money] to my card
        just give me back what I paid
        I don't want another one, I want what I paid returned
        kindly credit the full amount to my account
        I expect to be paid back
        a replacement is of no use to me, so please pay me back
        please transfer the purchase price back to me
        can I get my [cash|money] back?
        a refund is the only thing I'll accept
        send the {money} back to where it came from
        I ask you to cancel the purchase and refund it
        please undo the sale and return my money
        how do I get reimbursed for this?
        the money belongs back in my pocket
        I am asking for repayment of the whole sum
        """)

    /// Refund false, said aloud, about a thing.
    static let noRefund = Bank(
        """
        I don't want my money back, just [one that works|a proper one]
        please send me a [replacement|new one]
        no refund please, I'd rather have it put right
        a [swap|replacement] would be fine
        keep the money and send me what I paid for
        I am not asking for a refund
        I still want it, so please don't refund anything
        can you exchange it?
        please just [sort it out|put it right]
        refunding me would not help, I need the thing itself
        what I want is the product, not the cash
        could you [tell me|say] what happens next?
        let me know what I should do
        there is no need to pay anything back, a fresh one will do
        I'd be satisfied with a new one
        """)

    /// Refund true, about a wrong bill.
    static let refundForBilling = Bank(
        """
        I want that money back
        please [refund|return] what you took too much
        please pay the [difference|sum] back to me
        I'd like a refund of that amount
        give me back my money
        kindly reimburse me
        I expect the sum to be credited to my card
        send the {money} back, please
        please transfer it back to my account
        when will I be refunded?
        I ask for repayment
        """)

    /// Refund false, said aloud, about a wrong bill.
    static let noRefundForBilling = Bank(
        """
        I am not asking for money, only for a correct [invoice|bill]
        please send me a corrected [invoice|document]
        could you explain this to me?
        no refund needed, just set the record straight
        you needn't pay anything back, please only check your books
        please [check|look into] it
        I only want to understand what happened
        please put it right in your system
        """)
}
