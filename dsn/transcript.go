package dsn

import "strings"

// isTranscript reports whether a line belongs to the transcript of an SMTP
// session, as sendmail writes it: ">>> RCPT To:<bob@example.org>" is what was
// sent, "<<< 550 User unknown" what came back.
func isTranscript(s string) bool {
	return strings.HasPrefix(s, ">>>") || strings.HasPrefix(s, "<<<")
}

// sessionLine returns what a line of a transcript says and which way: sent
// begins with ">>>", "-->" or "C:", received with "<<<", "<--" or "S:", after
// a date or none.
func sessionLine(s string) (line string, sent, received bool) {
	if rest, ok := strings.CutPrefix(s, ">>>"); ok {
		return unquoted(rest), true, false
	}
	if rest, ok := strings.CutPrefix(s, "<<<"); ok {
		return strings.TrimLeft(rest, "< "), false, true
	}
	if rest, ok := strings.CutPrefix(s, "C: "); ok {
		return rest, true, false
	}
	if rest, ok := strings.CutPrefix(s, "S: "); ok {
		return rest, false, true
	}
	head := s[:min(len(s), 40)]
	if i := strings.Index(head, "--> "); i >= 0 {
		return s[i+4:], true, false
	}
	if i := strings.Index(head, "<-- "); i >= 0 {
		return s[i+4:], false, true
	}
	return "", false, false
}

// exchange is one answer in the transcript of a session.
type exchange struct {
	address string // whom it is about, "" when it is about the whole message
	command string // the command it answers
	host    string // the server that gave it
	text    string
	row     int
}

// maxExchanges bounds what is kept of the transcripts of one text.
const maxExchanges = 250

// transcript reads the SMTP sessions that the text quotes. The list is never nil.
func (r *reader) transcript() []exchange {
	list := []exchange{}
	var command, address, host string
	first := 0 // the exchange of the first answer to the command
	last := -1 // the exchange of the answer above, while no local line has closed it
	for i := 0; i < len(r.rows) && len(list) < maxExchanges; i++ {
		s := r.row(i)
		if s != "" && (s[0] == '.' || lower(s[0]) == 'w') {
			if _, ok := foldMatch(strings.TrimLeft(s, ". "), "while talking to "); ok {
				host = strings.Trim(s[strings.LastIndexByte(s, ' ')+1:], ":.")
				command, address, last = "", "", -1
				continue
			}
		}
		line, sent, received := sessionLine(s)
		switch {
		case sent:
			command, address = smtpCommand(line)
			first, last = len(list), -1
		case received && last >= 0 && isContinuation(list[last].text, line):
			if x := &list[last]; len(x.text) < maxParagraph {
				x.text += " " + line
			}
		case received:
			if command == "DATA" { // what came before this answered the RCPT TO sent along with it
				for ; first < len(list); first++ {
					list[first].command = "RCPT TO"
				}
			}
			if startsReply(line) && command != "QUIT" {
				list = append(list, exchange{address, command, host, line, i})
				last = len(list) - 1
			}
		default:
			if !strings.Contains(s, "...") {
				continue // as most
			}
			m, ok := nextAddress(s, 0)
			if !ok || !strings.HasPrefix(s[min(m.end+1, len(s)):], "...") {
				continue
			}
			// "550 5.1.1 <bob@example.org>... User unknown" is sendmail's own
			// line about the answer above.
			whom := s[m.start:m.end]
			if last >= 0 && (list[last].address == "" || strings.EqualFold(list[last].address, whom)) {
				list[last].address = whom
			} else {
				text := s
				if after := strings.TrimLeft(s[m.end:], ">. "); startsReply(after) {
					text = after // V5 repeats in 554 what the resolver answered
				}
				list = append(list, exchange{whom, "", "", text, i})
			}
			last = -1
		}
	}
	return list
}

// isContinuation reports whether next is one more line of a reply of several
// lines that begins with first, RFC 5321 section 4.2.1.
func isContinuation(first, next string) bool {
	return len(first) > 3 && len(next) > 3 && first[:3] == next[:3] && first[3] == '-' && (next[3] == '-' || next[3] == ' ')
}

// smtpCommand returns the verb of a command and the address that a RCPT names.
func smtpCommand(line string) (command, address string) {
	for _, c := range commands {
		if hasPrefixFold(line, c) {
			command = c
			break
		}
	}
	if command == "RCPT TO" {
		if m, ok := nextAddress(line, 0); ok {
			address = line[m.start:m.end]
		}
	}
	return command, address
}

// fromTranscript takes the answer that a session gave about the recipient.
func (r *reader) fromTranscript(rec *Recipient, sessions []exchange) {
	var own *exchange
	for i := range sessions {
		x := &sessions[i]
		if x.address == "" || !strings.EqualFold(x.address, rec.Final.Value) && !strings.EqualFold(x.address, rec.Original.Value) {
			continue
		}
		if own == nil || own.text[0] == '4' && x.text[0] == '5' { // the next host refused for good
			own = x
		}
	}
	if own != nil {
		r.answered(rec, own)
		return
	}
	for i := range sessions {
		if x := &sessions[i]; x.address == "" && !isFailure(rec.Diagnostic.Reply.Class()) && len(r.items) < 2 {
			r.answered(rec, x)
			return
		}
	}
}

func (r *reader) answered(rec *Recipient, x *exchange) {
	d := ParseDiagnostic(x.text)
	if !hasCode(&d) {
		return
	}
	d.At = r.line(x.row)
	if d.Command == "" {
		d.Command = x.command
	}
	rec.Diagnostic = d
	if x.host != "" {
		rec.RemoteMTA = Typed{"dns", x.host}
	}
}
