package property

import (
	"slices"
	"strings"
	"testing"
)

// domain 6.3: known names are typed and checked. domain 10.1, 10.4, 10.6: their words, numbers and defaults.
func TestKnownNames(t *testing.T) {
	registry := NewRegistry([]string{".apps.example.com", ".sites.example.com"})
	names := map[string]bool{}
	var order []string
	for _, d := range registry.Definitions() {
		names[d.Name], order = true, append(order, d.Name)
		if d.Default != nil && d.Wrong(*d.Default) != "" {
			t.Errorf("the default of %s is wrong: %s", d.Name, d.Wrong(*d.Default))
		}
		if registry.Find(d.Name) == nil || d.Description == "" || !strings.HasSuffix(d.Description, ".") {
			t.Errorf("%s is not found, or described by %q", d.Name, d.Description)
		}
	}
	if !slices.IsSorted(order) {
		t.Errorf("not in order, which Find relies on: %v", order)
	}
	if registry.Find("COLOUR") != nil {
		t.Error("a name nobody knows is known")
	}
	for name, c := range map[string]struct{ right, wrong []string }{
		RegistrationType:   {[]string{"NONE", "INVITATION_CODE", "IMMEDIATE", "EMAIL_LINK", "OTP_EMAIL", "OTP_PHONE"}, []string{"maybe", "", "none", " NONE", "NONE\n"}},
		RegistrationSignIn: {[]string{"true", "false"}, []string{"", "TRUE", "1", "yes", "true "}},
		UserCheck:          {[]string{"NONE", "UNIQUE_IN_CLIENT", "UNIQUE_IN_BASE"}, []string{"", "UNIQUE"}},
		CodeAttempts:       {[]string{"1", "5", "20"}, []string{"0", "21", "-1", "+5", "05", "5.0", "5 ", "", "five", "٥"}},
		CodeLength:         {[]string{"6", "12"}, []string{"5", "13"}},
		CodeLifetime:       {[]string{"1", "1440"}, []string{"0", "1441"}},
		CodeLock:           {[]string{"1", "1440"}, []string{"0", "1441"}},
		CodeResends:        {[]string{"0", "10"}, []string{"-1", "-0", "11"}},
		URLSuffix:          {[]string{".apps.example.com", ".sites.example.com"}, []string{"apps.example.com", ".example.com", "", ".APPS.example.com"}},
		URL: {[]string{"https://shop.example.com", "https://shop.example.com:8443", "http://localhost:3000"}, []string{
			"https://shop.example.com/", "https://shop.example.com/shop", "https://Shop.example.com", "https://shop.example.com:443", "http://shop.example.com",
			"https://u:p@shop.example.com", "javascript:alert(1)", "https://127.0.0.1", "shop.example.com", " https://shop.example.com", "https://shop.example.com?x", "https://möbel.example", "",
		}},
	} {
		d := registry.Find(name)
		if delete(names, name); d == nil {
			t.Fatalf("%s is not known", name)
		}
		for _, v := range c.right {
			if wrong := d.Wrong(v); wrong != "" {
				t.Errorf("%s = %q is refused: %s", name, v, wrong)
			}
		}
		for _, v := range c.wrong {
			if d.Wrong(v) == "" {
				t.Errorf("%s = %q is taken", name, v)
			}
		}
	}
	if len(names) > 0 {
		t.Errorf("not looked at: %v", names)
	}
	if NewRegistry(nil).Find(URLSuffix).Wrong(".apps.example.com") == "" {
		t.Error("without configured suffixes one is taken")
	}
}
