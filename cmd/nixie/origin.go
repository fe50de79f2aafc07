package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"nixie/cmd/nixie/internal/strict"
	"nixie/dsn/origin"
)

// originFile is the file of --origin and of verp --key.
type originFile struct {
	Domains     []string `toml:"domains"`
	Lists       []string `toml:"lists"`
	AuthservIDs []string `toml:"authserv_ids"`
	Hosts       []string `toml:"hosts"`
	Networks    []string `toml:"networks"`
	MaxAgeDays  int      `toml:"max_age_days"`
	DNS         bool     `toml:"dns"`
	Sent        string   `toml:"sent"`
	VERPPrefix  string   `toml:"verp_prefix"`
	DKIM        []struct {
		Domain   string `toml:"domain"`
		Selector string `toml:"selector"`
		Record   string `toml:"record"`
	} `toml:"dkim"`
	VERP []struct {
		ID     string `toml:"id"`
		Secret string `toml:"secret"`
	} `toml:"verp"`
	BATV []struct {
		ID     string `toml:"id"`
		Secret string `toml:"secret"`
	} `toml:"batv"`
}

// readOrigin reads the file of keys. Keys of the file that have no meaning are
// an error: a misspelt one would take protection away in silence.
func readOrigin(path string) (*origin.Checker, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	doc, err := strict.Parse(path, string(text))
	if err != nil {
		return nil, err
	}
	var file originFile
	if err := doc.Decode(&file); err != nil {
		return nil, err
	}
	c, err := file.checker(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// checker returns what the file describes. Paths in it are relative to dir.
func (f *originFile) checker(dir string) (*origin.Checker, error) {
	c := &origin.Checker{
		Domains:     f.Domains,
		Lists:       f.Lists,
		Records:     make(map[string]string),
		AuthservIDs: f.AuthservIDs,
		Hosts:       f.Hosts,
		MaxAge:      time.Duration(f.MaxAgeDays) * 24 * time.Hour,
		VERP:        origin.VERP{Prefix: f.VERPPrefix},
		Now:         time.Now,
	}
	for _, s := range f.Networks {
		network, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("networks: %q is not like 192.0.2.0/24", s)
		}
		c.Networks = append(c.Networks, network)
	}
	for _, k := range f.DKIM {
		if k.Domain == "" || k.Selector == "" || k.Record == "" {
			return nil, errors.New("dkim: a key needs domain, selector and record")
		}
		if err := origin.CheckRecord(k.Record); err != nil {
			return nil, fmt.Errorf("dkim: the record of %s at %s: %w", k.Selector, k.Domain, err)
		}
		name := strings.ToLower(k.Selector + "._domainkey." + strings.TrimSuffix(k.Domain, "."))
		c.Records[name] = k.Record
	}
	for _, k := range f.VERP {
		key := origin.Key{ID: k.ID, Secret: []byte(k.Secret)}
		if err := key.Valid(); err != nil {
			return nil, fmt.Errorf("verp: %s", strings.TrimPrefix(err.Error(), "origin: "))
		}
		if slices.ContainsFunc(c.VERP.Keys, func(have origin.Key) bool { return have.ID == key.ID }) {
			return nil, fmt.Errorf("verp: two keys have the id %s", key.ID)
		}
		c.VERP.Keys = append(c.VERP.Keys, key)
	}
	for _, k := range f.BATV {
		if len(k.ID) != 1 || k.ID[0] < '0' || k.ID[0] > '9' || k.Secret == "" {
			return nil, errors.New("batv: a key needs a digit as its id, and a secret")
		}
		c.BATV = append(c.BATV, origin.BATVKey{Digit: k.ID[0], Secret: []byte(k.Secret)})
	}
	if f.DNS {
		c.LookupTXT = newResolver().lookup
	}
	if f.Sent != "" {
		path := f.Sent
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		sent, err := readSent(path)
		if err != nil {
			return nil, err
		}
		c.SentID = sent.has
	}
	return c, nil
}

// sentLog tells to whom messages were sent, by Message-ID. No recipients stand
// for any.
type sentLog map[string][]string

// readSent reads a log of what was sent: on each line a Message-ID and the
// addresses it went to.
func readSent(path string) (sentLog, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	log := make(sentLog)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		id := strings.Trim(words[0], "<>")
		log[id] = append(log[id], words[1:]...)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return log, nil
}

// has reports whether the message went to that recipient.
func (l sentLog) has(_ context.Context, id, recipient string) bool {
	to, ok := l[id]
	return ok && (recipient == "" || len(to) == 0 || slices.ContainsFunc(to, func(a string) bool { return strings.EqualFold(a, recipient) }))
}

// lookupTime is how long one look-up in DNS may take.
const lookupTime = 5 * time.Second

// resolver looks up each name once.
type resolver struct {
	mutex sync.Mutex
	names map[string]func() ([]string, error)
}

func newResolver() *resolver {
	return &resolver{names: make(map[string]func() ([]string, error))}
}

func (r *resolver) lookup(ctx context.Context, name string) ([]string, error) {
	r.mutex.Lock()
	once, ok := r.names[name]
	if !ok {
		once = sync.OnceValues(func() ([]string, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupTime)
			defer cancel()
			return net.DefaultResolver.LookupTXT(ctx, name)
		})
		r.names[name] = once
	}
	r.mutex.Unlock()
	return once()
}
