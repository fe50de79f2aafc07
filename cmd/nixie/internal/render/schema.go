package render

import _ "embed"

// Schema is the JSON Schema (draft 2020-12) of what JSON writes, a contract.
//
//go:embed schema.json
var Schema string
