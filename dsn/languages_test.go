package dsn

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestLanguages reads a failure and a delay in each language: what a postmaster
// writes without a code, and what a mail system writes while it tries.
func TestLanguages(t *testing.T) {
	cases := []struct{ language, subject, failed, cause, delayed string }{
		{"ca", "No s'ha pogut lliurar: Butlletí", "El vostre missatge per a bob@example.org no s'ha pogut lliurar.", "Motiu: la bústia del destinatari és plena.", "El vostre missatge a bob@example.org encara no s'ha lliurat. Es continuarà intentant."},
		{"cs", "Nedoručitelné: Zpravodaj", "Vaši zprávu pro bob@example.org se nepodařilo doručit.", "Důvod: schránka příjemce je plná.", "Vaše zpráva pro bob@example.org zatím nebyla doručena. Pokusy o doručení budou pokračovat."},
		{"sk", "Nedoručiteľné: Spravodaj", "Vašu správu pre bob@example.org sa nepodarilo doručiť.", "Dôvod: schránka príjemcu je plná.", "Vaša správa pre bob@example.org zatiaľ nebola doručená. Pokusy o doručenie budú pokračovať."},
		{"hu", "Kézbesíthetetlen: Hírlevél", "Az Ön bob@example.org címre küldött levele nem volt kézbesíthető.", "Ok: a címzett postafiókja megtelt.", "Az Ön bob@example.org címre küldött levele még nem lett kézbesítve. A kiszolgáló tovább próbálkozik."},
		{"ro", "Nelivrabil: Buletin", "Mesajul dumneavoastră către bob@example.org nu a putut fi livrat.", "Motiv: căsuța poștală a destinatarului este plină.", "Mesajul dumneavoastră către bob@example.org nu a fost încă livrat. Încercările vor continua."},
		{"sv", "Kan inte levereras: Nyhetsbrev", "Ditt meddelande till bob@example.org kunde inte levereras.", "Orsak: mottagarens brevlåda är full.", "Ditt meddelande till bob@example.org har ännu inte levererats. Nya försök kommer att göras."},
		{"da", "Kan ikke leveres: Nyhedsbrev", "Din meddelelse til bob@example.org kunne ikke afleveres.", "Årsag: modtagerens postkasse er fuld.", "Din meddelelse til bob@example.org er endnu ikke leveret. Der vil blive gjort nye forsøg."},
		{"no", "Kan ikke leveres: Nyhetsbrev", "Meldingen din til bob@example.org kunne ikke leveres.", "Årsak: mottakerens postboks er full.", "Meldingen din til bob@example.org er ennå ikke levert. Det vil bli gjort nye forsøk."},
		{"fi", "Viestiä ei voitu toimittaa: Uutiskirje", "Viestiäsi vastaanottajalle bob@example.org ei voitu toimittaa.", "Syy: vastaanottajan postilaatikko on täynnä.", "Viestiäsi osoitteeseen bob@example.org ei ole vielä toimitettu. Yrittämistä jatketaan."},
		{"el", "Μη παραδόσιμο: Ενημέρωση", "Το μήνυμά σας προς bob@example.org δεν ήταν δυνατό να παραδοθεί.", "Αιτία: το γραμματοκιβώτιο του παραλήπτη είναι πλήρες.", "Το μήνυμά σας προς bob@example.org δεν έχει παραδοθεί ακόμη. Θα γίνουν νέες προσπάθειες."},
		{"uk", "Не доставлено: Розсилка", "Ваш лист для bob@example.org не було доставлено.", "Причина: поштова скринька одержувача переповнена.", "Ваш лист для bob@example.org ще не доставлено. Спроби доставки триватимуть."},
		{"bg", "Недоставено: Бюлетин", "Вашето съобщение до bob@example.org не може да бъде доставено.", "Причина: пощенската кутия на получателя е пълна.", "Вашето съобщение до bob@example.org все още не е доставено. Ще бъдат направени нови опити."},
		{"hr", "Nije moguće isporučiti: Bilten", "Vaša poruka za bob@example.org nije mogla biti isporučena.", "Razlog: sandučić primatelja je pun.", "Vaša poruka za bob@example.org još nije isporučena. Pokušaji će se nastaviti."},
		{"sl", "Ni mogoče dostaviti: Novice", "Vašega sporočila za bob@example.org ni bilo mogoče dostaviti.", "Razlog: poštni predal prejemnika je poln.", "Vaše sporočilo za bob@example.org še ni bilo dostavljeno. Poskusi se bodo nadaljevali."},
		{"sr", "Није испоручено: Билтен", "Ваша порука за bob@example.org није могла бити испоручена.", "Разлог: сандуче примаоца је пуно.", "Ваша порука за bob@example.org још није испоручена. Покушаји ће се наставити."},
		{"et", "Ei saa kohale toimetada: Uudiskiri", "Teie kirja aadressile bob@example.org ei õnnestunud kohale toimetada.", "Põhjus: saaja postkast on täis.", "Teie kirja aadressile bob@example.org ei ole veel kohale toimetatud. Jätkame proovimist."},
		{"lv", "Nav piegādājams: Jaunumi", "Jūsu ziņojumu adresātam bob@example.org neizdevās piegādāt.", "Iemesls: saņēmēja pastkaste ir pilna.", "Jūsu ziņojums adresātam bob@example.org vēl nav piegādāts. Mēģinājumi turpināsies."},
		{"lt", "Nepristatyta: Naujienos", "Jūsų laiško adresu bob@example.org pristatyti nepavyko.", "Priežastis: gavėjo pašto dėžutė pilna.", "Jūsų laiškas adresu bob@example.org dar nepristatytas. Bus bandoma toliau."},
		{"ar", "غير قابل للتسليم: نشرة", "تعذر تسليم رسالتك إلى bob@example.org.", "السبب: علبة بريد المستلم ممتلئة.", "لم يتم تسليم رسالتك إلى bob@example.org بعد. سيستمر الخادم في المحاولة."},
		{"he", "לא ניתן למסירה: עלון", "לא ניתן היה למסור את הודעתך אל bob@example.org.", "סיבה: תיבת הדואר של הנמען מלאה.", "הודעתך אל bob@example.org טרם נמסרה. השרת ימשיך לנסות."},
		{"fa", "غیرقابل تحویل: خبرنامه", "پیام شما به bob@example.org تحویل داده نشد.", "علت: صندوق پستی گیرنده پر است.", "پیام شما به bob@example.org هنوز تحویل داده نشده است. تلاش ادامه خواهد یافت."},
		{"th", "ไม่สามารถนำส่งได้: จดหมายข่าว", "ข้อความของคุณถึง bob@example.org ไม่สามารถนำส่งได้", "สาเหตุ: กล่องจดหมายของผู้รับเต็ม", "ข้อความของคุณถึง bob@example.org ยังไม่ถูกนำส่ง เซิร์ฟเวอร์จะพยายามต่อไป"},
		{"vi", "Không thể gửi: Bản tin", "Thư của bạn gửi đến bob@example.org không thể chuyển được.", "Lý do: hộp thư của người nhận đã đầy.", "Thư của bạn gửi đến bob@example.org vẫn chưa được chuyển. Máy chủ sẽ tiếp tục thử."},
		{"id", "Tidak terkirim: Buletin", "Pesan Anda kepada bob@example.org tidak dapat disampaikan.", "Alasan: kotak surat penerima penuh.", "Pesan Anda kepada bob@example.org belum terkirim. Server akan terus mencoba."},
		{"ms", "Tidak dapat dihantar: Buletin", "Mesej anda kepada bob@example.org tidak dapat dihantar.", "Sebab: peti mel penerima penuh.", "Mesej anda kepada bob@example.org masih belum dihantar. Pelayan akan terus mencuba."},
		{"hi", "वितरित नहीं हो सका: समाचार", "bob@example.org को भेजा गया आपका संदेश वितरित नहीं किया जा सका।", "कारण: प्राप्तकर्ता का मेलबॉक्स भरा हुआ है।", "bob@example.org को आपका संदेश अभी तक वितरित नहीं हुआ है। सर्वर प्रयास जारी रखेगा।"},
	}
	for _, c := range cases {
		t.Run(c.language, func(t *testing.T) {
			found := readCase("From: postmaster@example.net\nSubject: " + c.subject + "\n\n" + c.failed + "\n" + c.cause + "\n")
			assert.Equal(t, []string{"bob@example.org failed"}, summary(found))
			if assert.Len(t, found.Recipients, 1) {
				assert.True(t, strings.HasSuffix(found.Recipients[0].Diagnostic.Text, c.cause))
			}
			if plain := withoutAccents(c.failed); plain != "" {
				found = readCase("From: MAILER-DAEMON@example.net\nSubject: Mail\n\n" + plain + "\n")
				assert.Equal(t, []string{"bob@example.org failed"}, summary(found))
			}
			found = readCase("Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@example.net>\nSubject: Mail\n\n" + c.delayed + "\n")
			assert.Equal(t, []string{"bob@example.org delayed"}, summary(found))
		})
	}
}

// TestGeneralLanguages is TestGeneral for the languages of most reports.
func TestGeneralLanguages(t *testing.T) {
	cases := []proseCase{
		{"quota in German", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Unzustellbare Nachricht

Ihre Nachricht konnte nicht zugestellt werden an:

bob@example.org

Grund: Das Postfach des Empfängers ist voll.

Bei Fragen wenden Sie sich an postmaster@example.net.
`, []string{"bob@example.org failed"}},
		{"French", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Échec de la remise de votre message

Bonjour,

Votre message destiné à bob@example.org n'a pas pu être remis.

Réponse du serveur : 550 5.1.1 Adresse d'un destinataire invalide

Pour toute question, contactez support@example.net.
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"Spanish", `
Return-Path: <>
From: Sistema de correo <MAILER-DAEMON@example.net>
Subject: No se pudo entregar el mensaje

El siguiente destinatario no recibió su mensaje:

   <bob@example.org>

Motivo: el usuario no existe.
`, []string{"bob@example.org failed"}},
		{"Portuguese", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Mensagem devolvida

Não foi possível entregar sua mensagem para bob@example.org.
O servidor remoto respondeu: 552 5.2.2 caixa postal cheia
`, []string{"bob@example.org failed 552 5.2.2"}},
		{"Italian", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Mancato recapito

Il messaggio non è stato consegnato a:

bob@example.org (casella piena)
`, []string{"bob@example.org failed"}},
		{"Dutch", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Onbestelbaar bericht

Uw bericht kon niet worden bezorgd bij de volgende ontvanger:

bob@example.org
550 5.1.1 onbekende gebruiker
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"Polish", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Nie można dostarczyć wiadomości

Twoja wiadomość nie została dostarczona do adresata bob@example.org.
Przyczyna: 550 5.1.1 użytkownik nie istnieje
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"Russian", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Сообщение не доставлено

Ваше письмо не было доставлено получателю bob@example.org,
так как почтовый ящик переполнен.

С вопросами обращайтесь по адресу help@example.net.
`, []string{"bob@example.org failed"}},
		{"Japanese", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: メール送信エラー

以下の宛先にメールを配信できませんでした。

宛先：bob@example.org
理由：550 5.1.1 ユーザーが見つかりません
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"Japanese without a space", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: 配信不能通知

お客様のメールはbob@example.orgに届きませんでした。
メールボックスの容量を超えています。
`, []string{"bob@example.org failed"}},
		{"Chinese", `
Return-Path: <>
From: postmaster@example.net
Subject: 退信通知

您发送给收件人 bob@example.org 的邮件被退回。
退信原因：550 5.1.1 收件人不存在
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"Chinese, traditional", `
Return-Path: <>
From: postmaster@example.net
Subject: 郵件傳遞失敗

您的信件無法送達以下收件者：
bob@example.org
原因：信箱已滿
`, []string{"bob@example.org failed"}},
		{"Korean", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: 메일 전송 실패 안내

다음 수신자에게 메일을 전송하지 못했습니다.

받는 사람: bob@example.org
실패 사유: 550 5.1.1 존재하지 않는 사용자
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"Turkish", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: İletiniz teslim edilemedi

Mesajınız aşağıdaki alıcıya teslim edilemedi:

bob@example.org
Sebep: 550 5.1.1 kullanıcı bulunamadı
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"Czech", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Nedoručitelná zpráva

Vaši zprávu nebylo možné doručit na adresu:

<bob@example.org>: 550 5.1.1 uživatel neexistuje
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"a language without phrases", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Barua pepe

Ujumbe wako haukufika kwa:

bob@example.org

550 5.1.1 Mtumiaji hajulikani
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"delay in German", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Zustellung verzögert

Ihre Nachricht an bob@example.org konnte noch nicht zugestellt werden.
Es wird weiterhin versucht, sie zuzustellen.
`, []string{"bob@example.org delayed"}},
		{"delay in French", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Remise retardée

Votre message n'a pas encore pu être remis au destinataire suivant :

bob@example.org

Les tentatives se poursuivront pendant 3 jours.
`, []string{"bob@example.org delayed"}},
		{"delay in Japanese", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: 配信遅延のお知らせ

次の宛先への配信が遅れています。引き続き再送を続けます。

bob@example.org
`, []string{"bob@example.org delayed"}},
		{"Polish, no code", `
From: Poczta <postmaster@example.pl>
To: news@example.com
Subject: =?UTF-8?Q?Twoja_wiadomo=C5=9B=C4=87_nie_dotar=C5=82a?=

Witaj,

nie udało się doręczyć Twojej wiadomości na adres kowalski@example.pl, ponieważ
skrzynka odbiorcy została usunięta z powodu długiej nieaktywności.

Zespół Poczty
`, []string{"kowalski@example.pl failed"}},
		{"a wait in Italian, the answer in quotes", `
Return-Path: <>
From: mailer-daemon@posta.example.it
To: news@example.com
Subject: Avviso: messaggio in attesa

Il messaggio per luca@example.it è in coda da 6 ore; il server ha detto "450 riprovare più tardi".
Continueremo a provare per 3 giorni.
`, []string{"luca@example.it delayed 450"}},
		{"an Italian gateway, without a word for the recipient", `
From: postmaster@gw.example.it
To: news@example.com
Subject: Messaggio respinto: Offerta di agosto

Il messaggio inviato da news@example.com a info@example.it con oggetto "Offerta di
agosto" non è stato consegnato.

Motivo: il messaggio è stato classificato come spam.
`, []string{"info@example.it failed"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			found := readCase(c.message)
			assert.Equal(t, DeliveryStatus, found.Kind)
			assert.Equal(t, c.want, summary(found))
		})
	}
}
