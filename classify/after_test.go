package classify

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWaitIn(t *testing.T) {
	for answer, want := range map[string]time.Duration{
		"451 4.7.1 Greylisted, please try again in 5 minutes 3 seconds":  5*time.Minute + 3*time.Second,
		"450 try again in 300 seconds":                                   5 * time.Minute,
		"450 try again after 450 seconds":                                450 * time.Second,
		"451 Greylisted for 300 seconds":                                 5 * time.Minute,
		"451 greylisting in action, please come back in 1h 30m":          90 * time.Minute,
		"421 retry after 15 minutes. 100 messages per 60 minutes":        15 * time.Minute,
		"421 please wait at least 2 hours and 5 minutes before retrying": 2*time.Hour + 5*time.Minute,
		"452 try again in an hour":                                       time.Hour,
		"451 retry in about 300s":                                        5 * time.Minute,
		"451 4.7.1 Greylisting in action, please come back in 00:10:00":  10 * time.Minute,
		"451 try again in 01:00:30.":                                     time.Hour + 30*time.Second,
		"451 retry in 00:05:00 seconds":                                  5 * time.Minute,
		"451 try again after 14:30:00 UTC":                               0,
		"451 try again later, it is 14:30:00":                            0,
		"450 wait 60 sec":                                                time.Minute,
		"450 try again in 90 days":                                       0,
		"450 try again later":                                            0,
		"452 no more than 100 messages in 30 minutes":                    0,
		"451 will retry for 5 days":                                      0,
		"554 4.4.7 expired: unable to deliver in 840 minutes":            0,
		"450 try again in 99999999999999999999 seconds":                  0,
		"450 try again in a few minutes":                                 0,
		"":                                                               0,
	} {
		t.Run(answer, func(t *testing.T) { assert.Equal(t, want, waitIn(answer)) })
	}
}
