package dsn

import "io"

// Parse reads a message. It is total: any bytes give a Report.
func Parse(msg []byte) *Report { return &Report{} }

// Read reads a message from r; it fails only if r does.
func Read(r io.Reader) (*Report, error) {
	msg, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return Parse(msg), nil
}
