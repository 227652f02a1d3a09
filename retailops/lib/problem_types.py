"""The problem types that the API may answer, as `/api/problems` lists them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProblemType:
    """One `type` of a problem document: its code, its HTTP statuses, when it comes, and what a client should do."""

    code: str
    statuses: tuple[int, ...]
    meaning: str
    remedy: str


def problem(code: str, status: int, meaning: str, remedy: str, *more: int) -> ProblemType:
    """Return a problem type; `more` are further statuses under which it may come."""
    return ProblemType(code, (status, *more), meaning, remedy)


_ASK = "Ask an administrator."
_FETCH = "Fetch the object again and decide anew."

PROBLEM_TYPES = [
    # The request itself.
    problem(
        "invalid",
        400,
        "A field or parameter is missing, unknown or wrong.",
        "Mend what `errors` names: `pointer` is a JSON pointer into the body, `?name` a parameter, else a header.",
    ),
    problem(
        "file-not-readable",
        400,
        "A settlement file is not what it was said to be; `line` names the first line that is wrong.",
        "Send the file as its provider gives it, under the right `source`.",
    ),
    problem(
        "control-total-failed",
        422,
        "The lines of a settlement file do not come to what it says; `line`, `declared`, `computed` tell where.",
        "Ask the provider for the whole file; nothing of this one was taken.",
    ),
    problem("malformed-json", 400, "The body is not JSON.", "Send valid JSON in UTF-8."),
    problem("malformed-request", 400, "The request itself is broken.", "Check how it is built."),
    problem("refused", 400, "The request was refused; `detail` says why.", "Read `detail`."),
    problem("parse-error", 400, "The body could not be read.", "Send what the media type promises."),
    problem("reason-needed", 400, "The step needs a reason.", "Say why.", 422),
    problem("reference-needed", 400, "The step needs the other system's number.", "Give it as `external_reference`."),
    problem("unknown-code", 400, "The vocabulary has no such code.", "Use one of the codes that `errors` lists."),
    problem("not-larger", 400, "The version serves as large a share already.", "Give a larger share, at most 100."),
    problem("unknown-location", 400, "There is no location of that code.", "Use the code of a known location."),
    problem("unknown-source", 400, "That is no name of a source.", "Use a name like `wms`."),
    problem("serial-twice", 400, "The same serial is given twice.", "Name each unit once."),
    problem("more-serials-than-units", 400, "More serials are given than units.", "Check quantity and serials."),
    problem("unknown-line", 400, "The return has no such line.", "Name one of its lines."),
    problem("not-decidable", 400, "An inspection cannot decide that disposition.", "Choose another disposition."),
    problem("rejected-sellable", 400, "Rejected goods cannot become sellable.", "Choose another disposition."),
    # Customers and what systems tell differently.
    problem("merged", 409, "The customer is merged already, or was merged on.", "Work with the customer it is now."),
    problem("erased", 409, "The customer was erased.", "Nothing is known of it any more."),
    problem("legal-hold", 409, "A legal hold forbids to erase.", "Lift the hold first; `detail` gives its reason."),
    problem("memo-stands", 409, "The credit memo must stand as it is.", "`detail` says why."),
    problem("relied-on", 409, "A return or refund relies on what is here.", "End it first, or leave the difference."),
    problem("not-matchable", 409, "The two items cannot be matched.", "`detail` says why."),
    problem("not-undoable", 409, "The match cannot be taken apart.", "`detail` says why."),
    problem("not-taken", 409, "Nobody takes the message.", "Mend it there by hand and leave the difference."),
    problem("not-fitting", 422, "The other system's value does not fit the field.", "Leave the difference."),
    # Who asks.
    problem("not-authenticated", 401, "There is no API key.", "Send `Authorization: Bearer <api key>`."),
    problem("authentication-failed", 401, "The API key is unknown, expired or revoked.", "Ask for a new key."),
    problem(
        "second-factor-needed",
        403,
        "The person's role must sign in with a second factor, and there is none yet.",
        "Set it up in the workbench. Keys are unaffected.",
    ),
    problem(
        "denied",
        403,
        "You may see the object but not do this, or your key lacks the scope.",
        "`permission` names what is missing; ask an administrator.",
    ),
    problem("permission-denied", 403, "This is not permitted.", _ASK),
    problem("same-person", 403, "Who asked for it cannot decide it.", "A second person must."),
    problem(
        "above-limit", 403, "The amount is above what your role may approve.", "Somebody with a higher limit must."
    ),
    problem(
        "not-found",
        404,
        "There is no such object or address, or it belongs to another region or brand.",
        "Check the id and the regions and brands of your key.",
    ),
    problem("method-not-allowed", 405, "The address does not answer that method.", "See the `Allow` header."),
    problem("not-acceptable", 406, "The answer cannot be given in that form.", "Accept `application/json`."),
    problem("too-large", 413, "The body is larger than the server reads.", "Send a smaller batch."),
    problem("unsupported-media-type", 415, "The call does not read this media type.", "Send one that `detail` names."),
    problem("throttled", 429, "The client's quota is used up.", "Wait as `Retry-After` says."),
    # Sent twice.
    problem(
        "idempotency-key-missing",
        400,
        "The call needs an `Idempotency-Key` header.",
        "Send a new random key with each new request, and the same one when you repeat it.",
    ),
    problem("idempotency-key-invalid", 400, "The key is empty or longer than 255 characters.", "Send a UUID."),
    problem(
        "idempotency-in-progress", 409, "A request with this key still runs.", "Wait as `Retry-After` says; repeat."
    ),
    problem("idempotency-key-reused", 422, "The key was used for another request.", "Use a new key for a new request."),
    problem(
        "id-reused", 409, "The source used this id for something else.", "Give each event and refund an id of its own."
    ),
    problem("scan-reused", 409, "The scan id belongs to a receipt with other content.", "Use a new scan id."),
    problem("reference-reused", 409, "The reference belongs to another inspection.", "Use a new reference."),
    problem("key-reused", 409, "The key or reference belongs to another move or entry.", "Use a new one."),
    # The present state.
    problem(
        "conflict",
        409,
        "The object has changed, or its state does not allow this.",
        "Fetch it again. `present` is what it is now.",
    ),
    problem("stale", 409, "The object was changed after you read it.", _FETCH),
    problem("stale-version", 409, "The configuration was changed after you read it.", _FETCH),
    problem("mapping-untried", 409, "The version's mapping was not tried.", "Try it (`tryMapping`), then go back."),
    problem("trial-differs", 409, "Another mapping was tried.", "Present the hash of the trial that you read."),
    problem("trial-outdated", 409, "The connection was changed since the trial.", "Try the mapping again."),
    problem("transition-refused", 409, "The object's state does not allow the step.", "See its `next_actions`."),
    problem(
        "not-authorized", 409, "Only an authorized return allows this.", "Authorize, reinstate or reopen it first."
    ),
    problem(
        "not-complete", 409, "Something is left to do before the return may close.", "`detail` names what is left."
    ),
    problem("closed", 409, "The return is closed.", "Reopen it first."),
    problem("not-due", 409, "The deadline has not passed, or goods are on the way.", "Wait."),
    problem("received", 409, "Goods were received: the return cannot be canceled.", "Reverse the receipt first."),
    problem(
        "inspected", 409, "Goods of the receipt were judged: it cannot be reversed.", "Correct the inspection first."
    ),
    problem("refund-live", 409, "A refund lives: the return cannot be canceled.", "Reverse the refund first."),
    problem("exchange-live", 409, "An exchange lives: the return cannot be canceled.", "Cancel or convert it first."),
    problem("not-ready", 409, "The exchange waits; `detail` says for what.", "Release it when that came."),
    problem("on-its-way", 409, "The exchange can no longer be converted or canceled.", _FETCH),
    problem("not-owed", 409, "Nothing is owed for the exchange.", "Check which exchange was paid."),
    problem("stock-reserved", 409, "The units are held for somebody else.", "Move fewer, or release the reservation."),
    problem("units-taken", 409, "Another return has taken these units meanwhile.", "Ask for other units."),
    problem("claimed", 409, "Units are claimed from their supplier.", "Drop the draft claim, or claim fewer units."),
    problem("assessed", 409, "A warranty verdict stands on these units.", "Go on from the verdict."),
    problem("assess-instead", 409, "Units under warranty are not just inspected.", "Give the warranty verdict."),
    problem("not-sent", 409, "The claim was never sent.", "Send it first."),
    problem("not-placed", 409, "The owner of the stock has not placed the goods yet.", "Wait for its answer."),
    problem("fraud-review", 409, "A fraud review holds it.", "Clear or block the review."),
    problem("decided", 409, "Somebody has decided it otherwise.", _FETCH),
    problem("units-refunded", 409, "A refund pays for these units.", "Reverse the refund first.", 422),
    problem("matched", 409, "The blind return has its order already.", _FETCH),
    problem("posting", 409, "The owner of the stock is posting it.", "Wait for its answer."),
    problem("not-a-draft", 409, "The return is no draft any more.", _FETCH),
    problem("ended", 409, "The return has ended: it needs no label.", "Reinstate it first."),
    problem("code-used", 409, "Another partner took the goods against this code.", "Ask the customer where they are."),
    problem("receipt-reused", 409, "The till's receipt number is of another order.", "Give each return a number."),
    problem("handled", 409, "Units of the receipt were accepted or sent back.", "Correct those steps instead."),
    problem("store-item-differs", 409, "The till told something else under this id.", "Read the case that is open."),
    problem("not-enough-stock", 409, "There are fewer units there than were to be moved.", "Check the quantities."),
    problem("serial-elsewhere", 409, "A unit of that serial stands somewhere else.", "Check the serial."),
    problem("not-in-lot", 409, "There are fewer units of that lot there.", "Check lot and quantity."),
    problem("change-waiting", 409, "Another change waits for a second person.", "Have that one decided first."),
    problem("transfer-canceled", 409, "The transfer was canceled.", "Count what came there."),
    problem("location-exists", 409, "There is a location of that code.", "Change that one, or use another code."),
    problem("location-in-use", 409, "Stock stands at the location.", "Move it first."),
    problem("accepted", 409, "Their count was taken over already.", "Wait for the next snapshot."),
    problem("drift-ended", 409, "The difference has ended.", "Nothing is to be settled."),
    problem("name-taken", 409, "The name is taken.", "Choose another."),
    problem(
        "replay-refused", 409, "It would not be safe to send it again.", "`verdict` and `what_to_do` say why and what."
    ),
    problem("plan-changed", 409, "The plan is not the one that was looked at.", "Look at it again; `hash` is of now."),
    problem("delivery-changed", 409, "The delivery changed since it was planned.", "Plan it anew."),
    problem("money-departs", 409, "It would send other money than was planned.", "Plan it anew."),
    problem("nothing-changed", 400, "The message is as it was.", "Change a text of it, or leave it."),
    problem("nothing-selected", 400, "Nothing is selected that is stopped or in doubt.", "Check ids or filter."),
    problem(
        "selection-changed",
        409,
        "Other things match the filter than were looked at; `total` and `selection` are those of now.",
        "Look at them again, then send the `selection` of that look.",
    ),
    problem("too-many-selected", 400, "More is selected than one plan may hold.", "Narrow the filter."),
    problem("approval-needed", 409, "A second person must agree first.", "Ask for approval."),
    problem("asked-already", 409, "The gateway was asked already.", "Wait for its answer."),
    problem("partly-sent", 409, "Part of the refund is on its way by another payment.", _FETCH),
    problem("evidence-changed", 409, "Evidence was added after you read it.", _FETCH),
    problem("evidence-differs", 409, "A file's content is not what was kept.", _ASK),
    problem("evidence-size", 400, "The file is empty or larger than 10 MB.", "Send a smaller file."),
    problem("evidence-type", 400, "The file is none that is kept.", "Send a picture, a PDF or plain text."),
    problem("too-many-files", 422, "The thing has as many files as it may have.", "Leave it at these."),
    problem("charged-back", 422, "The bank took the payment back, and the dispute runs.", "Wait for its end."),
    problem("currency-differs", 422, "The dispute is in another currency than the payment.", _FETCH),
    problem(
        "currency-mismatch",
        422,
        "The gateway captured another currency than the order was sold in.",
        "Find out what the customer paid before more of it is refunded.",
    ),
    problem("unrouted", 422, "No connection can do it.", "Do it at the other system itself."),
    problem("approval-expired", 409, "The approval has expired.", "Ask again."),
    problem("draft-exists", 409, "The policy's next version is begun already.", "Go on with that draft."),
    problem("in-force", 409, "A version in force never changes.", "Draft its next version."),
    problem("not-in-force", 409, "The version is not in force.", "Activate it first."),
    problem("other-subject", 409, "The name is of a promise about other things.", "Choose another name."),
    problem("in-use", 409, "A rule still uses it.", "Change or retire the rule first."),
    problem("not-open", 409, "The alert is not open any more.", "Reload it."),
    problem("busy", 409, "A transaction has been open for too long.", "End it, then go on."),
    problem("over-already", 409, "The version would end before it starts.", "Give it a later end."),
    problem("no-policy-left", 409, "No policy would apply to these orders.", "Activate another one first."),
    problem("term-exists", 409, "The vocabulary has the code already.", "Revive it, or choose another code."),
    problem("term-retired", 409, "The term is retired.", "Nothing is to be done."),
    problem("term-active", 409, "The term is not retired.", "Nothing is to be done."),
    problem("term-mapped", 409, "Codes of other systems mean the term.", "Map them anew first."),
    problem("approval-differs", 409, "What was approved is not what is asked now.", "Ask again."),
    # Rules of the business.
    problem(
        "rule-broken",
        422,
        "Well formed, but a rule of the business refuses it.",
        "`detail` and `errors` name the rule; an override may be asked for.",
    ),
    problem("not-eligible", 422, "Policy does not allow the return.", "`errors` names each line; staff may override."),
    problem(
        "window-below-law", 422, "The window is shorter than the law of its region.", "See `detail` for the least."
    ),
    problem("no-lines", 422, "The draft has no lines.", "Add what is to come back."),
    problem("no-label", 422, "Returns of this kind come without a label of ours.", "See `GET /return-kinds`."),
    problem("which-parcel", 422, "There are several parcels.", "Name the parcel, or say what is in it."),
    problem("not-a-store", 422, "The place is no store.", "Name a location of the kind `store`."),
    problem("no-policy", 422, "No return policy applies to the order.", _ASK),
    problem("more-than-expected", 422, "More units than are still expected.", "Lower the quantity."),
    problem("more-than-arrived", 422, "More units than arrived beyond what was expected.", "Lower the quantity."),
    problem("more-than-received", 422, "More units than were received and not judged yet.", "Lower the quantity."),
    problem(
        "serial-not-received",
        422,
        "A number is none of the units that wait.",
        "Read it again; `errors` names those that wait. If the arrival was misread, reverse its receipt.",
    ),
    problem("nothing-due", 422, "Nothing is left to refund.", "See the refund preview.", 409),
    problem(
        "not-earned",
        422,
        "These units have not earned a refund yet.",
        "Wait for receipt or inspection, as policy says.",
    ),
    problem(
        "exceeds-tender", 422, "The payment cannot take the whole amount.", "Choose a lower amount or another payment."
    ),
    problem(
        "amount-too-fine",
        422,
        "The gateway pays the currency only in steps of `step` minor units.",
        "Ask for one of the amounts in `nearest`, or leave the amount to policy: it is rounded then.",
    ),
    problem("exceeds-tenders", 422, "The payments cannot take the whole amount.", "Lower the amount.", 409),
    problem(
        "not-offered", 422, "Policy does not offer that.", "Choose another, or a `reason` if it may be overridden."
    ),
    problem("too-many", 422, "More units than can be exchanged.", "Lower the quantity; `errors` names the lines."),
    problem("not-the-same", 422, "A replacement is the same goods once more.", "Propose an exchange for other goods."),
    problem("no-order", 422, "No order explains the units, so their price is not known.", "Match the return first."),
    problem("more-than-owed", 422, "The payment is more than is owed.", "Record what was paid for this exchange."),
    problem("unknown-payment", 422, "The payment is not one of this order.", "Name one of the order's payments."),
    problem("other-currency", 422, "The currencies differ.", "Send the currency of the return, account or payment."),
    problem("exceeds-balance", 422, "Less is left on the account.", "`left` says how much, in minor units."),
    problem("spent", 422, "The customer has spent what was credited.", "Recover it in another way."),
    problem("account-not-alive", 422, "The account of stored value has ended.", "Use another account."),
    problem("order-not-matched", 409, "The return has no order yet.", "Match it to its order first."),
    problem("no-code", 409, "Only a gift card that is alive has a code.", "Choose another account."),
    problem("not-to-undo", 409, "The entry is not undone by itself.", "`detail` says what to do instead."),
    problem("no-gateway", 409, "No gateway pays this refund.", "Credit or observe it instead."),
    problem("mixed-resolutions", 422, "The lines were promised money in different ways.", "Propose one for each way."),
    problem("marketplace-payment", 422, "A marketplace holds the payment.", "Refund it there, and have it observed."),
    problem("foreign-refund", 422, "The refund was made by somebody else at the gateway.", "A case is open for it."),
    problem("mixed-claim", 422, "A claim is on one supplier, currency, region and brand.", "Draft several claims."),
    problem("unknown-supplier", 422, "Nobody said which supplier it comes from.", "Tell it by `PUT /suppliers`."),
    problem("not-taken-back", 422, "The supplier takes no goods back.", "Claim without the goods."),
    problem("not-claimable", 422, "The supplier's terms or the stock refuse it.", "`errors` names each line."),
    problem("more-than-sent", 422, "More units than are at the supplier.", "Lower the quantity."),
    problem("illegal-move", 422, "Stock may not go from that disposition to the other.", "Choose a legal step."),
    problem("not-by-hand", 422, "That stock belongs to a return.", "Decide about it on the return."),
    problem("lot-needed", 422, "Several lots stand there.", "Say of which lot the units are."),
    problem("serials-needed", 422, "Only some of the units go.", "Say which, by their serials."),
    problem("unmapped", 422, "A code of another system has no mapping.", "Complete the connection's mapping."),
    problem("unmapped-code", 422, "A code of the gateway has no mapping.", "Complete the connection's mapping."),
    problem(
        "unknown-topic", 422, "The connection does not know messages of that topic.", "Subscribe to known topics only."
    ),
    # Ours.
    problem("internal-error", 500, "A fault on our side; nothing was done.", "Repeat with the same key; tell us."),
    problem("unavailable", 503, "Something is away for the moment.", "Repeat as `Retry-After` says."),
]
