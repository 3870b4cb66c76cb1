package token

import (
	"encoding/json"
	"reflect"
	"testing"
)

// What AppendGrant writes is what encoding/json makes of the members that
// RFC 6749, section 5.1, and RFC 8693, section 2.2.1, name.
func TestGrantAgainstEncodingJSON(t *testing.T) {
	type grant struct {
		Access     string `json:"access_token"`
		IssuedType string `json:"issued_token_type,omitempty"`
		TokenType  string `json:"token_type"`
		ExpiresIn  int64  `json:"expires_in"`
		Refresh    string `json:"refresh_token,omitempty"`
		ID         string `json:"id_token,omitempty"`
		Scope      string `json:"scope,omitempty"`
	}
	texts := []string{"", "a", "read write", "<&>", `"`, `\`, "\x00\x1f\x7f", "ü€𝄞", "\u2028", "\xff"}
	for _, s := range texts {
		for _, want := range []grant{
			{Access: s}, {Access: "t", Scope: s}, {Access: "t", Refresh: s}, {Access: "t", IssuedType: s},
			{Access: "t", ID: s},
			{Access: s, IssuedType: s, Refresh: s, ID: s, Scope: s, ExpiresIn: 1<<63 - 1}, {ExpiresIn: -1},
		} {
			want.TokenType = "Bearer"
			text := AppendGrant([]byte("before"), &Grant{want.Access, want.IssuedType, want.Refresh, want.ID, want.Scope, want.ExpiresIn})[len("before"):]
			plain, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			var got, twin map[string]any
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if err := json.Unmarshal(plain, &twin); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, twin) {
				t.Errorf("%s, and encoding/json says %s", text, plain)
			}
		}
	}
}
