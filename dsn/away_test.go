package dsn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestReturnDate(t *testing.T) {
	sent := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	december := "2026-12-07"
	cases := []struct{ text, want string }{
		{"I am out of the office until 7 December.", december},
		{"I am away until December 7th, 2026 and will reply then.", december},
		{"I will be back on Monday, 7 December.", december},
		{"I return on 2026-12-07.", december},
		{"Ich bin bis zum 7. Dezember nicht im Büro.", december},
		{"Ich bin vom 1. Dezember bis 7. Dezember 2026 im Urlaub.", december},
		{"Ich bin bis 07.12.2026 abwesend.", december},
		{"Je suis absente jusqu'au 7 décembre.", december},
		{"Estoy de vacaciones hasta el 7 de diciembre de 2026.", december},
		{"Estou de férias até 7 de dezembro.", december},
		{"Sono in ferie fino al 7 dicembre.", december},
		{"Ik ben afwezig tot en met 7 december.", december},
		{"Jestem na urlopie do 7 grudnia.", december},
		{"Я в отпуске до 7 декабря.", december},
		{"7 Aralık tarihine kadar izindeyim.", december},
		{"ただいま休暇中です。12月7日に戻ります。", december},
		{"2026年12月7日まで不在です。", december},
		{"我正在休假，至2026年12月7日。", december},
		{"12월 7일까지 휴가입니다.", december},
		{"I am away until 3 January.", "2027-01-03"},
		{"I am away until Monday.", ""},
		{"I am away until 7/12.", ""},
		{"On 7 December we moved.", ""},
		{"I am away until 31 February 2027.", ""},
		{"", ""},
	}
	for _, c := range cases {
		t.Run(c.text, func(t *testing.T) {
			got := returnDate(c.text, sent)
			if c.want == "" {
				assert.Zero(t, got)
				return
			}
			assert.Equal(t, c.want, got.Format(time.DateOnly))
		})
	}
	assert.Zero(t, returnDate("until 7 December", time.Time{}))
}
