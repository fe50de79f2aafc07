package classify

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// maxAside is how many words an aside can have.
const maxAside = 8

// span is from start to end of something, such as a text.
type span struct{ start, end int32 }

// little appends to spans where a text says little, as far as these begin before
// end: a phrase that stands there counts for nothing beside words that blame the
// address.
func little(spans []span, text string, end int) []span {
	for i := 0; ; i++ {
		for i < end && !clauseMarks[text[i]] { // most bytes
			i++
		}
		if i >= end {
			return spans
		}
		n := 1 // of the mark that a clause begins behind
		sentence := false
		switch text[i] {
		case '(', '[', ',':
		case ';', '\n':
			sentence = true
		case '.':
			if sentence = strings.HasPrefix(text[i+1:], " "); !sentence {
				continue
			}
		case "（"[0]:
			if _, n = utf8.DecodeRuneInString(text[i:]); !strings.Contains("（，；", text[i:i+n]) {
				continue
			}
		}
		if end := aside(text, i+n); end > 0 {
			spans = append(spans, span{int32(i), int32(end)})
			i = end - 1
		} else if sentence && isAdvice(text[i+n:]) {
			end := i + n
			for end < len(text) && text[end] != ';' && text[end] != '\n' && !strings.HasPrefix(text[end:], ". ") {
				end++
			}
			spans = append(spans, span{int32(i), int32(end)})
			i = end - 1
		}
	}
}

// clauseMarks are the bytes that a mark before a clause begins with; the last is
// that of the wide ones.
var clauseMarks = [256]bool{'(': true, '[': true, ',': true, ';': true, '\n': true, '.': true, 0xef: true}

// aside returns where the aside ends that begins at start, 0 if none does. It
// tells of the session and nothing of the failure: words that name an end of
// it, then an address or a host, as in "User unknown (your IP: 192.0.2.1)".
func aside(text string, start int) int {
	s := scanner{text: text, pos: start, chunk: start}
	for n := 0; n < maxAside && s.next(); n++ {
		word := s.word()
		switch {
		case sessionWords.id(word) != 0:
		case n > 0 && (s.host != hostRange{} || string(word) == addrWord || string(word) == ipWord || string(word) == "pass"):
			rest := strings.TrimLeft(text[s.end:], `>"'`)
			if rest == "" || strings.IndexByte(")];,\r\n", rest[0]) >= 0 || strings.HasPrefix(rest, "）") ||
				strings.HasPrefix(rest, ". ") || strings.TrimLeft(rest, " \t.") == "" {
				return s.end
			}
			return 0
		default:
			return 0
		}
	}
	return 0
}

// isAdvice reports whether a sentence tells the sender what to do about a dead
// address or what may come else: "Further attempts will get your IP blocked".
func isAdvice(sentence string) bool {
	i := 0 // behind the code of a long reply's line
	for i < min(len(sentence), len("\r\n550-5.1.1 ")) && strings.IndexByte(" -.0123456789", sentence[i]) >= 0 {
		i++
	}
	sentence = sentence[i:]
	if sentence == "" {
		return false
	}
	for _, advice := range advices[lower(sentence[0])] {
		if len(sentence) >= len(advice) && strings.EqualFold(sentence[:len(advice)], advice) {
			return true
		}
	}
	return false
}

// within reports whether a byte of the text is in one of the spans.
func within(spans []span, at int32) bool {
	i := sort.Search(len(spans), func(i int) bool { return at < spans[i].end })
	return i < len(spans) && spans[i].start <= at
}

// toSender are phrases that speak to the sender and not of one: no other
// phrase begins with a word of theirs.
var toSender = []string{
	"dear sender", "dear mail sender", "hello sender", "hi sender", "sorry sender", "attention sender", "note to sender", "note to the sender",
	"notice to sender", "notice to the sender", "return to sender", "return to the sender", "returned to sender", "returned to the sender",
	"returning to sender", "back to sender", "back to the sender", "sehr geehrter absender", "lieber absender", "zurück an absender",
	"zurück an den absender", "cher expéditeur", "retour à l'expéditeur", "estimado remitente", "devuelto al remitente",
	"gentile mittente", "restituito al mittente", "prezado remetente", "caro remetente", "devolvido ao remetente",
	"geachte afzender", "retour afzender", "terug naar afzender", "уважаемый отправитель",
}

// advices are how advice begins, by the first letter in lower case.
var advices = func() (by [256][]string) {
	for _, advice := range [...]string{
		"Repeated ", "Further ", "Continued ", "If you continue ", "If you keep ", "If you are sending ", "If you send ",
		"This attempt ", "If you received this ", "The sender should ", "Sender should ", "Sender cannot ",
		"Sender, please ", "Sender please ", "Please inform ", "Please notify ", "Please tell ", "Please clean ",
		"Please remove ", "Please update ", "Please resend ", "Please contact the recipient ", "Bitte den Absender ", "Bitte informieren ", "Bitte entfernen ",
		"Veuillez informer ", "Veuillez supprimer ", "Por favor informe ", "Informi il mittente ",
	} {
		first := lower(advice[0])
		by[first] = append(by[first], advice)
	}
	return by
}()

// sessionWords are what the ends of a session are called; a word of Chinese,
// Japanese and Korean is a character.
var sessionWords = wordsOf("your my our the is was from by of ip ipv4 ipv6 ptr address addr sender mail email e client host hostname " +
	"server remote source connecting sending envelope return path mailfrom helo ehlo peer origin domain name mta smtp spf dkim dmarc " +
	"von ihr ihre absender absenderadresse adresse votre de du de l expéditeur émetteur serveur " +
	"su tu del remitente dirección desde servidor seu sua do remetente endereço " +
	"il tuo suo mittente indirizzo uw afzender adres van twój twoje nadawca adresu " +
	"ваш адрес отправитель от gönderen adresi adresiniz 您的发件人地址發送送信者元보낸사람아이피")
