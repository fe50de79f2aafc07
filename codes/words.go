package codes

// A kind is what a word beside a number says of it.
type kind uint8

const (
	plainWord kind = iota
	codeWord       // what a code is called: "error", "reply", "SMTP"
	saidWord       // what brings in an answer: "said", "returned"
	linkWord       // what can stand between these and the code: "with", "a"
	mailWord       // what a refusal speaks of: "mailbox", "denied"
	unitWord       // what is counted or measured, and streets: "people", "KB", "Avenue"
	otherWord      // what other numbers are called: "port", "version"
)

// kindBefore returns what a word before a number says of it, whatever its case.
func kindBefore(word string) kind {
	if word == "DATA" || word == "MAIL" || word == "RCPT" {
		return codeWord
	}
	var buf [24]byte
	b := lower(buf[:0], word)
	switch string(b) {
	case "code", "codes", "error", "errors", "err", "responsecode", "errorcode", "statuscode", "smtpcode",
		"replycode", "ehlo", "helo", "starttls", "reply", "response", "status", "smtp", "esmtp", "lmtp",
		"dsn", "ndr", "stat", "diagnostic", "diag", "result", "reason", "bounce", "answer", "ergebnis",
		"fehler", "fehlercode", "fehlermeldung", "antwort", "erreur", "errore", "erro", "fout", "fel", "fejl", "feil",
		"código", "codigo", "codice", "respuesta", "réponse", "risposta", "resposta", "błąd", "ошибка", "ошибки",
		"код", "ответ", "エラー", "エラーコード", "错误", "错误代码", "錯誤", "hata", "chyba", "hiba", "virhe":
		return codeWord
	case "said", "says", "say", "saying", "returned", "returns", "returning", "responded", "responds", "replied",
		"replies", "answered", "answers", "got", "gave", "gives", "received", "reported", "reports", "rejected",
		"refused", "failed", "bounced", "issued", "sent", "antwortete", "meldet", "répondu", "respondió", "risposto":
		return saidWord
	case "with", "a", "an", "the", "is", "was", "of", "number", "no", "by", "from", "this", "following", "as", "to",
		"message", "type", "remote", "permanent", "fatal", "hard", "soft", "temporary", "us", "it", "back", "due",
		"host", "server", "command", "data", "rcpt", "mail", "closing":
		return linkWord
	case "version", "ver", "v", "release", "build", "section", "sections", "sec", "chapter", "clause", "figure", "table",
		"rfc", "port", "ports", "line", "lines", "page", "room", "ticket", "order", "invoice", "size", "id", "pid",
		"http", "https", "ftp", "firmware", "kernel", "bug", "issue", "case", "phone", "tel", "fax", "mobile", "total",
		"count", "price", "amount", "flight", "highway", "apartment", "apt", "box", "extension", "ext", "item", "part",
		"copyright", "isbn", "uid", "gid":
		return otherWord
	}
	return plainWord
}

// kindAfter returns what a word after a number says of it, whatever its case.
func kindAfter(word string) kind {
	var buf [20]byte
	b := lower(buf[:0], word)
	switch string(b) {
	case "code", "codes", "error", "errors", "reply", "response", "responses", "status", "bounce", "bounces", "ndr",
		"fehler", "erreur", "errore", "erro":
		return codeWord
	case "user", "users", "mailbox", "recipient", "recipients", "unknown", "invalid", "sender", "relay", "relaying",
		"delivery", "message", "mail", "email", "address", "addresses", "account", "requested", "action", "sorry",
		"temporary", "temporarily", "transient", "unable", "unrouteable", "unroutable", "host", "domain", "rejected",
		"rejecting", "reject", "refused", "refuses", "access", "denied", "deny", "spam", "transaction", "over", "quota",
		"greylisted", "greylisting", "graylisted", "try", "server", "service", "local", "syntax", "command",
		"authentication", "permission", "permanent", "cannot", "can", "could", "connection", "connections", "timeout",
		"virus", "blocked", "blacklisted", "blocklisted", "administrative", "administratively", "prohibited",
		"unavailable", "available", "disabled", "inactive", "exist", "exists", "found", "full", "exceeded", "exceeds",
		"limit", "storage", "insufficient", "not", "no", "too", "verify", "verification", "failed", "failure", "failing",
		"undeliverable", "deliver", "delivered", "deferred", "policy", "dmarc", "spf", "dkim", "dnsbl", "rbl", "ip",
		"listed", "reputation", "content", "bad", "ok", "queued", "accepted", "accept", "accepting", "closing",
		"helo", "ehlo", "starttls", "tls", "auth", "rcpt", "sequence", "implemented", "recognized", "unrecognized",
		"such", "here", "please", "resources", "load", "throttled", "throttling", "rate", "loop", "hops",
		"valid", "allowed", "authorized", "unauthenticated", "authenticated", "protocol", "smtp", "esmtp", "backend",
		"usuario", "usuário", "utente", "benutzer", "utilisateur", "destinataire", "empfänger", "destinatario",
		"destinatário", "inconnu", "desconocido", "desconhecido", "sconosciuto", "unbekannt", "unbekannter", "buzón",
		"casella", "postfach", "boîte", "gebruiker", "onbekend", "okänd", "ukendt", "courrier", "correo", "nachricht",
		"abgelehnt", "refusé", "rechazado", "respinto", "rejeitado", "zustellung", "пользователь", "ящик", "адрес":
		return mailWord
	case "people", "percent", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "bytes", "byte", "kbytes", "km", "kg", "cm",
		"mm", "ml", "mph", "eur", "usd", "gbp", "chf", "euro", "dollars", "euros", "pounds", "million", "thousand",
		"billion", "am", "pm", "hrs", "min", "mins", "sec", "secs", "ms", "px", "pt", "dpi", "kcal", "watt", "volt",
		"street", "st", "avenue", "ave", "road", "rd", "boulevard", "blvd", "lane", "ln", "drive", "suite", "floor",
		"broadway", "square", "plaza", "parkway", "pkwy", "highway", "hwy", "terrace", "messages", "mails", "emails",
		"times", "days", "hours", "minutes", "seconds", "weeks", "months", "years", "points", "pages":
		return unitWord
	}
	return plainWord
}

// lower appends the word to b in lower case as far as ASCII goes; nothing of
// a word that is too long for b to be one of ours.
func lower(b []byte, word string) []byte {
	if len(word) > cap(b) {
		return b
	}
	for i := range len(word) {
		c := word[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		b = append(b, c)
	}
	return b
}
