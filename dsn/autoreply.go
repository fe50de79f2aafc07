package dsn

import "strings"

// autoReplyField returns the field of a header that says that a program
// answered, in the words of RFC 3834 section 5 or as one of the many fields
// that are older; a Subject where no other field says so.
func autoReplyField(header Fields) (field Field, ok bool) {
	for _, f := range header {
		switch value := f.Text(); {
		case f.Is("Auto-Submitted"):
			if hasPrefixFold(value, "auto-replied") {
				return f, true
			}
		case f.Is("X-Autoreply"), f.Is("X-Autorespond"), f.Is("X-Autoresponder"), f.Is("X-Autoreply-From"),
			f.Is("X-Auto-Reply"), f.Is("X-Auto-Reply-From"), f.Is("X-Mail-Autoreply"), f.Is("X-AutoReply-Domain"), f.Is("X-FC-MachineGenerated"):
			if !strings.EqualFold(value, "no") && !strings.EqualFold(value, "false") {
				return f, true
			}
		case f.Is("X-POST-MessageClass"), f.Is("X-MS-Exchange-Inbox-Rules-Loop"), f.Is("X-MS-Exchange-Generated-Message-Source"):
			if indexFold(value, "autoresponder") >= 0 || indexFold(value, "OOF") >= 0 || indexFold(value, "Mailbox Rules Agent") >= 0 {
				return f, true
			}
		case f.Is("Precedence"):
			if hasPrefixFold(value, "auto_reply") || hasPrefixFold(value, "auto-reply") {
				return f, true
			}
		case f.Is("Delivered-To"), f.Is("Return-Path"):
			if hasPrefixFold(strings.Trim(value, "<> "), "autoresponder@") {
				return f, true
			}
		case f.Is("Subject"):
			if hasPrefixFold(value, "Auto:") || hasPrefixFold(value, "Automatic reply:") || hasPrefixFold(value, "Out of Office:") {
				field, ok = f, true
			}
		}
	}
	return field, ok
}
