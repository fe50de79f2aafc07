package classify

import (
	"strings"
	"unicode/utf8"
)

// How far before the words at hand an aside or advice can begin, in bytes.
const (
	maxAside  = 48
	maxAdvice = 160
)

// saysLittle reports whether a phrase that ends at text[:end] stands in an
// aside or in advice: beside the failure itself it counts for nothing.
func saysLittle(text string, end int32) bool {
	return endsInAside(text, end) || endsInAdvice(text, end)
}

// endsInAside reports whether text[:end] ends in an aside that tells of the
// session and nothing of the failure: words that name an end of it, then an
// address or a host, between punctuation, as in "User unknown (your IP: 192.0.2.1)".
func endsInAside(text string, end int32) bool {
	from := max(0, int(end)-maxAside)
	before := text[from:end]
	open := strings.LastIndexAny(before, "([;,\n（，；")
	if stop := strings.LastIndex(before, ". "); stop > open {
		open = stop
	}
	if open < 0 {
		return false
	}
	_, n := utf8.DecodeRuneInString(before[open:])
	named := false
	for s := (scanner{text: text, pos: from + open + n, chunk: from + open + n}); s.next(); named = true {
		word := string(s.word())
		switch {
		case sessionWords[word]:
		case named && (s.host != hostRange{} || word == addrWord || word == ipWord || word == "pass"):
			rest := strings.TrimLeft(text[s.end:], `>"'`)
			return s.end >= int(end) && (strings.TrimSpace(rest) == "" || strings.ContainsAny(rest[:1], ")];,\r\n") ||
				strings.HasPrefix(rest, "）") || strings.HasPrefix(rest, ". "))
		default:
			return false
		}
	}
	return false
}

// endsInAdvice reports whether text[:end] ends in a sentence, not the first,
// that tells the sender what to do about a dead address or what may come else:
// "User unknown. Further attempts will get your IP blocked".
func endsInAdvice(text string, end int32) bool {
	from := max(0, int(end)-maxAdvice)
	before := text[from:end]
	open := max(strings.LastIndex(before, ". "), strings.LastIndexAny(before, ";\n"))
	if open < 0 {
		return false
	}
	sentence := strings.TrimLeft(text[from+open+1:], " -.0123456789") // also the code of a long reply's line
	for _, advice := range advices {
		if len(sentence) >= len(advice) && strings.EqualFold(sentence[:len(advice)], advice) {
			return true
		}
	}
	return false
}

// advices are how advice begins.
var advices = []string{
	"Repeated ", "Further ", "Continued ", "If you continue ", "If you keep ", "If you are sending ", "If you send ",
	"The sender should ", "Sender, please ", "Sender please ", "Please inform ", "Please notify ", "Please tell ", "Please clean ",
	"Please remove ", "Please update ", "Please contact the recipient ", "Bitte den Absender ", "Bitte informieren ", "Bitte entfernen ",
	"Veuillez informer ", "Veuillez supprimer ", "Por favor informe ", "Informi il mittente ",
}

// sessionWords are what the ends of a session are called; a word of Chinese,
// Japanese and Korean is a character.
var sessionWords = func() map[string]bool {
	words := map[string]bool{}
	for s := (scanner{text: "your my our the is was from by of ip ipv4 ipv6 ptr address addr sender mail email e client host hostname " +
		"server remote source connecting sending envelope return path mailfrom helo ehlo peer origin domain name mta smtp spf dkim dmarc " +
		"von ihr ihre absender absenderadresse adresse votre de du de l expéditeur émetteur serveur " +
		"su tu del remitente dirección desde servidor seu sua do remetente endereço " +
		"il tuo suo mittente indirizzo uw afzender adres van twój twoje nadawca adresu " +
		"ваш адрес отправитель от gönderen adresi adresiniz 您的发件人地址發送送信者元보낸사람아이피"}); s.next(); {
		words[string(s.word())] = true
	}
	return words
}()
