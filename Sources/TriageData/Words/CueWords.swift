/// The sentences that decide urgency, tone and refund. A field without its sentence has its quiet value: `normal`, `calm`, false.
enum CueWords {
    /// `high`, about things: a need or deadline within days.
    static let highForGoods = Bank(
        """
        I need [it|this sorted] by {soon}
        this can't wait, [my flight leaves|we travel] {soon}
        guests [arrive|are coming] {soon} and I can't do without it
        it is a birthday present and the party is {soon}
        please [act|react] at once, I depend on it for my [job|work]
        we open our café {soon} and need it there
        I have an exam {soon} and can't manage without it
        this is urgent
        it has to be [settled|solved] before {soon}, otherwise it is too late
        my mother is ill and relies on it every [night|day], so please hurry
        can somebody deal with this right away?
        time is [short|running out]: the wedding is {soon}
        I must have a [solution|working one] within 24 hours
        every hour counts here
        we are [moving house|leaving the country] {soon}, so it has to happen before
        please treat this as [an emergency|top priority]
        the baby can't sleep without it, so today rather than tomorrow, please
        my whole [team|shop] is standing still until this is fixed
        I'm leaving for [the mountains|a trip] {soon} and it has to be in my bag
        as fast as you possibly can, please, I am stuck without it
        """)

    /// `high`, about money, access and questions.
    static let highForDesk = Bank(
        """
        I need this [sorted|cleared up] by {soon}
        this is urgent
        please [answer|get back to me] today, not next week
        my account goes into the red {soon} because of this
        the deadline for my [tax papers|application] is {soon}
        I have to place an order for a client by {soon}
        can somebody deal with this right away?
        it must be settled before {soon}
        please treat this as top priority
        every hour counts here
        I need an answer within 24 hours
        I am travelling {soon} and must have this done before
        please look at it at once, it is holding up my [work|business]
        the offer I want to use ends {soon}, so please be quick
        as fast as you possibly can, please
        """)

    /// `low`: it may take its time.
    static let low = Bank(
        """
        there is no [rush|hurry]
        no hurry at all, [whenever|when] you get round to it
        it is not urgent
        take your time
        whenever someone has a spare moment will do
        this can easily wait until [next month|after the holidays]
        I am not in a [hurry|rush]
        I won't need it before {later}
        it is nothing pressing
        please deal with the urgent cases first, mine can wait
        any time in the next [few weeks|couple of months] is fine
        don't [drop everything|work overtime] for this
        put me at the bottom of the pile, that's [fine|all right]
        I can manage as things are [meanwhile|for now], so it can wait
        I am in no need of a quick answer
        answer when things are [quiet|calmer] on your side
        nothing depends on it, so let it take as long as it takes
        we are away until {later} anyway
        there's all the time in the world
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
