"""The verdict, read anew from the contract in another language: the standard library and idna, no look at the product.

Takes accounts, one JSON object a line:
  now       RFC 3339
  policy    graceDays, unseenDomains ("keep" or "ignore"), projectNames, protect ({match, value, until?})
  listings  of ListCertV2: {expiring, records}, the records as the vendor sent them
  domains   of ListDomainDetail, as the vendor sent them
Answers with one line each: a list of {chainId, verdict, reasons}, one for each chain id, in lower case, and one for
each record without any.

Where the contract is silent, this is how both read it:
- RFC 3339 lets applications refuse lower-case letters and leap seconds; "strict" does. A zero time is one of the year 0
  or 1 as written, or the epoch.
- "Different data" is a difference in what the contract reads: not in CreateTime, nor between absent, null and empty.
- A name of which nothing is left to compare is none. A list that is no list of strings names nothing.
- A whole name is converted or none of it: one label that idna refuses leaves all as they are.
- A domain without a readable ChainID is bound to an unknown certificate.
"""

import datetime
import fractions
import json
import re
import sys
import unicodedata

import idna

RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T"
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
DAY = 86_400


def moment(text):
    """Seconds since the first day of Python's calendar, exactly; None where it is no moment of RFC 3339, or a zero time."""
    match = RFC_3339.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, zone_hours, zone_minutes = match.groups()[6:]
    if year < 2 or hour > 23 or minute > 59 or second > 59:
        return None
    zone = 0
    if sign is not None:
        if int(zone_hours) > 23 or int(zone_minutes) > 59:
            return None
        zone = int(sign + "1") * (int(zone_hours) * 60 + int(zone_minutes)) * 60
    try:
        days = datetime.date(year, month, day).toordinal()
    except ValueError:
        return None
    whole = days * DAY + hour * 3600 + minute * 60 + second - zone
    at = whole + fractions.Fraction("0" + (fraction or ".0"))
    return None if at == EPOCH else at


EPOCH = datetime.date(1970, 1, 1).toordinal() * DAY


def text(record, name):
    """A field that is a text; empty where it is not."""
    value = record.get(name)
    return value if isinstance(value, str) else ""


def identifiers(record):
    fields = (text(record, name) for name in ("ChainID", "ChainIDVolc", "CertID"))
    return {identifier.lower() for identifier in fields if identifier != ""}


OTHER_ASCII = re.compile(r"[\x00-\x7f](?<![A-Za-z0-9._*-])")


def converted(name):
    """As WHATWG's domainToASCII has it; what that cannot convert stays as it is. Of a wildcard the part after its star."""
    if name.startswith("*."):
        return "*." + converted(name[2:])
    if OTHER_ASCII.search(name):
        return name
    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
        return ".".join(
            label if label.isascii() else idna.alabel(label).decode("ascii")
            for label in mapped.split(".")
        )
    except idna.IDNAError:
        return name


def trimmed(name):
    """Without space and one dot at its end; a full stop of East Asian writing is a dot."""
    return re.sub("[\u3002\uff0e\uff61]", ".", name.strip()).removesuffix(".")


def host(name):
    """A DNS name without what makes no difference: the one form in which names are compared."""
    plain = trimmed(name).lower()
    return plain if plain.isascii() else converted(plain)


def in_unicode(name):
    """With its punycode labels in Unicode, those that are."""

    def label_in_unicode(label):
        try:
            return idna.decode(label) if label.startswith("xn--") else label
        except idna.IDNAError:
            return label

    return ".".join(label_in_unicode(label) for label in name.split("."))


def spellings_of_name(name):
    return {name, host(name), in_unicode(host(name))}


def spellings_of_glob(glob):
    plain = trimmed(glob)
    # A label with a glob character in it is no punycode, so that idna leaves it alone.
    normal = unicodedata.normalize("NFKC", plain).lower()
    return {glob, plain, in_unicode(normal)}


def is_wildcard(name):
    return host(name).startswith("*.")


def covers(name, domain):
    if not is_wildcard(name):
        return host(name) == host(domain)
    label, _, parent = host(domain).partition(".")
    return label != "" and parent == host(name)[2:]


def glob_matches(glob, text):
    """`*` any run, `?` one character; by hand, since a bracket is no pattern here."""
    glob, text = glob.lower(), text.lower()
    reached = {0}
    for sign in glob:
        if sign == "*":
            reached = set(range(min(reached), len(text) + 1)) if reached else set()
        else:
            reached = {
                at + 1 for at in reached if at < len(text) and sign in ("?", text[at])
            }
    return len(text) in reached


def is_list_of_strings(value):
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def listed_names(record):
    names = record.get("CertDomainList")
    return names if is_list_of_strings(names) else []


def is_malformed(record):
    names = record.get("CertDomainList")
    return (
        re.fullmatch("[0-9a-fA-F]{32}", text(record, "ChainID")) is None
        or any(
            not isinstance(record.get(name), str)
            for name in ("NotBefore", "NotAfter", "Status")
        )
        or not (names is None or is_list_of_strings(names))
    )


def is_protected(record, rules, now):
    today = now // DAY
    for rule in rules:
        until = rule.get("until")
        if until is not None and datetime.date.fromisoformat(until).toordinal() < today:
            continue
        values = {
            "chainId": [text(record, "ChainID")],
            "name": [text(record, "CertName")],
            "domain": listed_names(record),
        }[rule["match"]]
        globs = {rule["value"]}
        if rule["match"] != "chainId":
            globs = spellings_of_glob(rule["value"])
            values = set().union(*(spellings_of_name(value) for value in values))
        if any(glob_matches(glob, value) for glob in globs for value in values):
            return True
    return False


def binding(domain):
    """B(d): empty for none; None for a certificate that the vendor shows without an identifier."""
    identifier = domain.get("ChainID")
    if not isinstance(identifier, str):
        return None
    if identifier == "" and domain.get("CertDomain") not in (None, ""):
        return None
    return identifier.lower()


def uses(record, domains, known, unseen_domains):
    """in-use and domain-not-visible, by cross-examination of the names with the domains."""
    bindings = [(domain["Domain"], binding(domain)) for domain in domains]
    strange = [
        domain
        for domain, bound_to in bindings
        if bound_to is None or (bound_to != "" and bound_to not in known)
    ]
    own = identifiers(record)
    if any(bound_to in own for _, bound_to in bindings):
        yield "in-use"
    names = [name for name in listed_names(record) if host(name) != ""]
    if not names and strange:
        yield "in-use"
    for name in names:
        if any(covers(name, domain) for domain in strange):
            yield "in-use"
    if unseen_domains == "ignore":
        return
    if not names and not bindings:
        yield "domain-not-visible"
    wildcards = [name for name in names if is_wildcard(name)]
    for name in names:
        # It shares the fate of the wildcard that it stands beside.
        excused = not is_wildcard(name) and any(
            host(name) == host(wildcard)[2:] or covers(wildcard, name)
            for wildcard in wildcards
        )
        if not excused and not any(covers(name, domain) for domain, _ in bindings):
            yield "domain-not-visible"


def reasons_of(record, filters, account, known):
    """Every reason to keep that a record has. `filters`: the values of Expiring whose listings have its chain id."""
    policy, now = account["policy"], moment(account["now"])
    if is_malformed(record):
        yield "malformed-record"
    not_before = moment(text(record, "NotBefore"))
    not_after = moment(text(record, "NotAfter"))
    if not_before is None or not_after is None:
        yield "expiry-unreadable"
    elif not_before >= not_after:
        yield "validity-inverted"
    if not_after is not None:
        if now < not_after:
            yield "not-expired"
        else:
            if now < not_after + policy["graceDays"] * DAY:
                yield "within-grace"
            if text(record, "Status") != "Expire" or filters != {True}:
                yield "status-conflict"
    yield from uses(record, account["domains"], known, policy["unseenDomains"])
    if is_protected(record, policy["protect"], now):
        yield "protected"
    projects = policy["projectNames"]
    if projects and text(record, "ProjectName") not in projects:
        yield "out-of-scope"


def data(record):
    """What tells two records of one chain id apart."""
    names = record.get("CertDomainList")
    return json.dumps(
        [
            [text(record, name).lower() for name in ("ChainID", "ChainIDVolc", "CertID")],
            [text(record, name) for name in ("CertName", "ProjectName")],
            [record.get(name) for name in ("NotBefore", "NotAfter", "Status")],
            [] if names is None else names,
        ]
    )


def judge(account):
    records = [
        (item if isinstance(item, dict) else {}, listing["expiring"])
        for listing in account["listings"]
        for item in listing["records"]
    ]
    known = set().union(*(identifiers(record) for record, _ in records))
    certificates = {}
    for record, expiring in records:
        chain_id = text(record, "ChainID").lower()
        # A record without a chain id stands alone, unless another one is the same.
        alone = [isinstance(record.get("ChainID"), str), data(record)]
        key = (chain_id, json.dumps(alone) if chain_id == "" else "")
        certificates.setdefault(key, []).append((record, expiring))
    answer = []
    for (chain_id, _), listed in certificates.items():
        filters = {expiring for _, expiring in listed}
        reasons = {
            reason
            for record, _ in listed
            for reason in reasons_of(record, filters, account, known)
        }
        if len({data(record) for record, _ in listed}) > 1:
            reasons.add("malformed-record")
        answer.append(
            {
                "chainId": chain_id,
                "verdict": "keep" if reasons else "delete",
                "reasons": sorted(reasons),
            }
        )
    return answer


for line in sys.stdin:
    print(json.dumps(judge(json.loads(line))))
