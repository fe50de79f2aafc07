package dsn

import "nixie/codes"

// isReport reports whether the message is one: its header speaks for it, and
// so does the text. D is the dialect that the text is of, nil if none.
func (r *reader) isReport(d *dialect) bool {
	s := &r.signs
	if s.personal() || r.forwarded {
		return false
	}
	known, named := d != nil, len(r.items) > 0
	if known && len(d.conditions) > 0 && (named || r.attached) {
		return true
	}
	if r.isOther(known) {
		return false
	}
	if known && r.attached && !named && s.subject&saysFailed != 0 {
		return true
	}
	if known && named && (s.machine() || s.robot || s.office || s.auto || s.subject != 0) {
		return true
	}
	kinds := r.kindsBetween(0, len(r.text))
	first := findCodes(r.text)
	code := isFailure(first.Reply.Class()) || isFailure(first.Status.Class)
	permanent := first.Reply.Class() == codes.Permanent || first.Status.Class == codes.Permanent
	evidence := kinds&(saysFailed|saysCause|saysDelayed|saysDelivered) != 0 || code
	// One recipient in a list of its own is more than a mention in a sentence.
	listed := named && (!r.items[0].mentioned || r.items[0].labelled)
	subject := s.subject & (saysFailed | saysDelayed)
	switch {
	case s.daemon || s.report || s.failed != nil:
		return evidence || named && s.aboutFailure() || subject != 0
	case s.nullSender:
		return named && (kinds&saysFailed != 0 || s.aboutFailure() && (evidence || listed) || hasFailureCode(r.text) && kinds&saysAway == 0) ||
			(r.returns() || s.office) && (subject != 0 && evidence || s.aboutFailure() && code)
	case s.office && s.aboutFailure():
		return named && (kinds&(saysFailed|saysDelayed) != 0 || listed && evidence || permanent) || r.returns() && subject != 0 && evidence
	case s.office && s.answer && s.thread && !known && !listed: // a postmaster writes about an address
		return false
	case s.office:
		return named && (kinds&saysFailed != 0 || permanent)
	case named && r.kindsBetween(0, r.items[0].rest)&saysGoods != 0:
		return false
	case (s.auto || s.autoReply) && r.statesFailure():
		return true
	case s.thread:
		return false
	case named && code && subject != 0 && (s.robot || s.auto && s.subjectStart != 0):
		return true
	case s.robot, s.subjectStart&(saysFailed|saysDelayed|saysSubject) != 0, s.answer && s.aboutFailure():
		if !s.aboutFailure() && kinds&saysYours == 0 { // a robot counts what bounced
			return false
		}
		addressed := named && r.kindsBetween(r.rowStart(r.items[0].row), r.items[0].rest)&saysRecipient != 0
		return kinds&saysFailed != 0 && (listed || s.subject&saysFailed != 0 && (s.robot && addressed || r.attached))
	}
	return false
}

// isOther reports whether the header, and whom the text names, say that the
// message is something else. Known: the text is of a dialect.
func (r *reader) isOther(known bool) bool {
	s, named := &r.signs, len(r.items) > 0
	if (s.list || s.listed && !s.robot) && !s.machine() && !(s.office && s.aboutFailure()) && !(known && r.attached) {
		return true
	}
	if known || s.report || s.failed != nil {
		return false
	}
	if named && !s.aboutFailure() && r.isOwn(r.items[0].address) && !(hasFailureCode(r.text) && r.kindsBetween(0, len(r.text))&saysFailed != 0) {
		return true // what a mail system tells its user of the own mailbox
	}
	if s.office && !s.nullSender && !s.aboutFailure() && !r.returns() && named && r.items[0].mentioned && !r.items[0].labelled {
		// The postmaster writes to a user, unless it says to whom a message did not go.
		sentence := r.sentenceOf(&r.items[0])
		if said := r.kindsBetween(sentence.start, sentence.end); said&saysFailed == 0 || said&(saysYours|saysRecipient) == 0 {
			return true
		}
	}
	// Some mail systems say of a report that it is an answer.
	coded := func() bool { return named && s.subjectStart&saysFailed != 0 && hasFailureCode(r.text) }
	return s.autoReply && !s.daemon && !(s.office && s.aboutFailure()) && !coded() && !r.statesFailure()
}

// statesFailure reports whether the Subject is that of a report, or a mail
// office writes, and the sentence that names the first item says to who gets it
// that delivery of their message failed, and the text why.
func (r *reader) statesFailure() bool {
	s := &r.signs
	if len(r.items) == 0 || s.answer || !s.aboutFailure() && !s.office || s.subjectStart&(saysAway|saysChallenge) != 0 {
		return false
	}
	where := r.sentenceOf(&r.items[0])
	role := r.kindsBetween(where.start, r.items[0].rest)
	sentence, all := r.kindsBetween(where.start, where.end), r.kindsBetween(0, len(r.text))
	return role&(saysContact|saysSender) == 0 &&
		sentence&saysFailed != 0 && sentence&saysYours != 0 && all&saysAway == 0 && (all&saysCause != 0 || hasFailureCode(r.text))
}

// sentenceOf returns the sentence that names an item.
func (r *reader) sentenceOf(it *item) span {
	rest := min(it.rest, len(r.text)) // it may stand where the original begins
	return span{r.sentenceStart(rest), r.sentenceEnd(rest)}
}

// returns reports whether the message brings the original back.
func (r *reader) returns() bool { return r.attached || r.original >= 0 }

// isAutoReply reports whether the text is that of an automatic answer, where
// the message does not look written by hand.
func (r *reader) isAutoReply() bool {
	s := &r.signs
	if s.list || s.listed || s.forwarded || r.forwarded {
		return false
	}
	if s.subjectStart&(saysAway|saysChallenge) != 0 && !s.answer || s.subject&(saysAway|saysChallenge) != 0 && !s.thread {
		return s.nullSender || s.auto || !s.program
	}
	kinds := r.kindsBetween(0, len(r.text))
	return (s.autoReply || s.nullSender || s.auto) && kinds&(saysAway|saysChallenge) != 0
}

// overall is the action for the recipients of which the text does not say it
// one by one. What it says first counts, and a diagnostic does not: a server
// that "temporarily deferred" the last attempt is no sign of another.
func (r *reader) overall() Action {
	if r.action != "" {
		return r.action
	}
	if r.signs.subject&(saysDelayed|saysFailed|saysDelivered) == saysDelayed {
		return Delayed
	}
	if r.signs.subject&(saysDelayed|saysFailed|saysDelivered) == saysDelivered {
		return Delivered
	}
	first := len(r.text)
	if len(r.items) > 0 {
		first = r.items[0].rest
	}
	final, failed := false, false
	for i, h := range r.hits {
		if h.kind&(saysFailed|saysDelayed|saysFinal|saysDelivered) == 0 || h.start >= first && r.inDiagnostic(h.start) {
			continue
		}
		switch {
		case h.kind&saysDelivered != 0 && r.excepts(h):
			failed = true
		case h.kind&saysDelivered != 0 && !failed:
			return r.deliveredOr(h)
		case h.kind&saysDelayed != 0 && !final && !r.finalSoon(i):
			return Delayed
		}
		final = final || h.kind&saysFinal != 0
		failed = failed || h.kind&(saysFailed|saysFinal) != 0
	}
	if r.signs.subject&saysDelayed != 0 && !final {
		return Delayed
	}
	return Failed
}

// inDiagnostic reports whether offset stands in a paragraph with a code, and
// not in a sentence about the recipient that has none.
func (r *reader) inDiagnostic(offset int) bool {
	if it := &r.items[0]; it.mentioned {
		if s := r.sentenceOf(it); s.start <= offset && offset < s.end && r.groundOf(s) == byNothing {
			return false
		}
	}
	start, end := r.paragraph(r.rowOf(offset))
	start = max(start, offset-maxParagraph)
	return hasFailureCode(r.text[start:max(start, min(end, offset+maxParagraph))])
}

// finalSoon reports whether the text gives up soon after hit i: "Message will
// be retried … message has been in the queue too long".
func (r *reader) finalSoon(i int) bool {
	for _, later := range r.hits[i+1:] {
		if later.start-r.hits[i].start > 200 {
			return false
		}
		if later.kind&saysFinal != 0 {
			return true
		}
	}
	return false
}
