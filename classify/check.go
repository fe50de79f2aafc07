package classify

import (
	"errors"
	"fmt"

	"nixie/dsn"
)

// Check tries the samples of a rule and reports each that is not judged by the
// rule's reason, and each counter-sample on which the rule holds. The errors
// are joined [*RuleError]. A sample is judged as an answer of the provider's
// first host to the rule's first command, in a report with its first action.
func (c *Classifier) Check(r Rule) error {
	var errs []error
	fail := func(line int, format string, args ...any) {
		errs = append(errs, &RuleError{r.file, line, r.Name, fmt.Errorf(format, args...)})
	}
	for i, sample := range r.Samples {
		v := c.judgeAnswer(r.facts(sample))
		if v.Reason != r.Reason {
			by := "no rule"
			if len(v.Because) > 0 {
				by = v.Because[0].Rule
			}
			fail(r.lineOf(r.sampleLines, i), "sample %q gives %q by %s, not %s", sample, v.Reason, by, r.Reason)
		}
	}
	if len(r.Counters) == 0 {
		return errors.Join(errs...)
	}
	alone, err := newClassifier([]Rule{r})
	if err != nil {
		return err
	}
	for i, counter := range r.Counters {
		if v := alone.judgeAnswer(r.facts(counter)); len(v.Because) > 0 {
			fail(r.lineOf(r.counterLines, i), "counter-sample %q holds, by %q", counter, v.Because[0].Quote)
		}
	}
	return errors.Join(errs...)
}

// facts are those of a sample.
func (r *Rule) facts(sample string) *facts {
	f := &facts{answer: dsn.Place{Line: 1}}
	f.texts[theAnswer] = sample
	f.reply, f.status = findCodes(sample)
	f.transient = isTransient(f.reply, f.status)
	if len(r.Hosts) > 0 {
		f.hosts[0] = r.Hosts[0]
	}
	if len(r.Command) > 0 {
		f.command = r.Command[0]
	}
	if len(r.Action) > 0 {
		f.action = r.Action[0]
	}
	return f
}
