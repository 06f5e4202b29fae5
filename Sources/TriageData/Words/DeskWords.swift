/// What goes wrong between the customer and the shop rather than with the thing: money, access and general questions.
enum DeskWords {
    /// `billing`: the money taken or the papers about it are wrong. None of these asks for money back; that is the refund's sentence.
    static let billing = Bank(
        """
        I was [charged|billed] twice for {p}
        my card shows two [payments|debits] for {p} though I bought it once
        the [amount|sum] you took for {p} is {money} more than the price I agreed to
        the invoice for {p} [shows|states] the wrong address
        the discount code was accepted for {p} but never [deducted|taken off]
        you [billed|charged] me for express shipping of {p} that I never [chose|ticked]
        I have been charged for {p} although I cancelled it the same day
        the total on my statement does not match the [invoice|bill] for {p}
        I never got an invoice for {p} and my [accountant|employer] wants one
        I paid with a gift card, yet my bank account was debited as well for {p}
        the VAT on the bill for {p} has been [worked out|calculated] wrongly
        {p} was {money} on the page and {money2} on my [card statement|statement]
        a [payment|debit] of {money} to you turned up that I can't connect with anything but {p}
        you keep sending me reminders for {p}, which I [settled|paid] {ago}
        the instalments for {p} are being [collected|taken] twice a month
        the sale price was not applied [to|when I paid for] {p}
        my voucher of {money} has [vanished|disappeared] without being counted against {p}
        the currency on the receipt for {p} is wrong and so is the [amount|total]
        the [receipt|invoice] lists three of {p}, I bought a single one
        my bank says you have [reserved|blocked] {money} for {p} on top of the real payment
        somebody at your end booked the warranty extension onto my bill for {p} without [asking|my consent]
        payment for {p} went through, then the same [sum|amount] went out again the next day
        the [bill|invoice] for {p} is made out to a company I have never heard of
        the student discount is [missing|absent] from what I paid for {p}
        """)

    /// `billing` without a product.
    static let billingGeneral = Bank(
        """
        I was [charged|billed] twice for the same {o}
        there are two [identical payments|debits of {money}] to your shop on my statement
        you took {money} from my [card|account] and I have no idea what for
        the [invoice|bill] I got adds up to the wrong total
        my discount code was [ignored|not applied] when I paid
        I was charged a delivery fee although the basket said free
        my [cheque|bank transfer] was cashed but the reminder letters go on
        the invoice carries the wrong company name and my [tax office|accountant] won't take it
        I paid by gift card and you debited my [bank|credit card] all the same
        the membership I ended {ago} is still being [taken|debited] from my account
        the [amount|figure] on the receipt is {money} higher than the one on the checkout page
        your system asks me to pay an invoice I [settled|paid] {ago}
        """)

    /// `account`: signing in, passwords, addresses and other settings of the customer's own pages.
    static let account = Bank(
        """
        I [can't|cannot] log in to my account any more
        the link for resetting my password never [arrives|reaches me]
        my account has been locked after [three|a few] tries
        your site says my e-mail address is not [known|registered], which it is
        I would like to change the e-mail address on my [account|profile]
        the code for signing in is sent to a phone number I no longer [have|use]
        please [delete|close] my customer account and what is stored in it
        somebody else seems to have [got into|signed in to] my account
        I have two accounts by mistake and would like them [merged|joined]
        the website throws me out [every time|as soon as] I open my profile
        I can't [save|enter] a new delivery address in my profile, the button stays grey
        my login works on the phone but [the computer rejects it|not on the computer]
        the password rules on your page [reject|refuse] everything I type
        my loyalty points are [gone|missing] from my profile since the new website
        I keep getting your newsletter although I [switched it off|unsubscribed] in my settings
        since I [married|moved], my profile shows the wrong surname and won't let me edit it
        the two-step [check|login] asks for a code that your app does not show
        my saved wish list has [vanished|disappeared] from my profile
        I registered {ago} and the confirmation mail has [never come|not turned up]
        every time I sign in, it shows me the profile of a complete stranger
        how can I get back into my account after [losing|changing] my phone?
        the page for changing my password only shows [a blank screen|an error]
        my [username|user name] was changed without my doing anything
        your app logs me out after every [tap|click]
        """)

    /// `question`: somebody wants to know something and nothing is wrong. For one product, beside the kind's own questions.
    static let question = Bank(
        """
        could you tell me whether {p} comes with a [charger|manual|spare part]?
        is there a newer [version|model] of {p} coming this year?
        do you have {p} in [stock|your shop in town]?
        when will {p} be [available|in stock] again?
        is {p} [suitable|all right] for children of about eight?
        what are the outer [measurements|dimensions] of {p}?
        does the guarantee on {p} cover [use at work|travel abroad]?
        I am thinking of buying {p}, what [colours|sizes] does it come in?
        can {p} be gift-wrapped and sent to [a friend|another address]?
        I would like to know where {p} is [made|manufactured]
        can you send me the [manual|instructions] for {p} as a file?
        how heavy is {p} with everything in the box?
        would you [recommend|suggest] {p} for a small flat?
        I wonder whether {p} [uses|needs] much power
        what is the difference between {p} and the [cheaper|bigger] one beside it on your page?
        """)

    /// `question` without a product.
    static let questionGeneral = Bank(
        """
        do you [ship|deliver] to the islands, and what does it cost?
        what are your [opening hours|hours] over the holidays?
        is there a [discount|reduced price] for schools and clubs?
        can I pay [by invoice|in three parts] as a private customer?
        do you take [old devices|batteries] for recycling?
        how long do I have to [decide|send something back] if I don't like it?
        where can I find your [catalogue|price list]?
        do you also [repair|service] things that were bought elsewhere?
        can I collect a parcel [myself|from your warehouse] instead of having it sent?
        I would like to know if you [sell|offer] gift cards
        are you [looking for|hiring] people for the Christmas season?
        is there a way to [talk to|speak with] someone on the phone in the evening?
        """)
}
