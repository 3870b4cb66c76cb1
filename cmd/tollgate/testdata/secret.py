# urllib obtains a token with an awkward secret, and sends the same credentials to
# a route of the gateway.
import json
import os
import urllib.parse
import urllib.request

client, secret = os.environ["ID"], os.environ["SECRET"]
token, route = os.environ["TOKEN"], os.environ["ROUTE"]


def opener(passwords, uri, **prior):
    passwords.add_password(None, uri, client, secret, **prior)
    return urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))


body = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
at_once = opener(urllib.request.HTTPPasswordMgrWithPriorAuth(), token, is_authenticated=True)
print("basic", json.load(at_once.open(token, body))["token_type"])
body = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": client, "client_secret": secret}).encode()
print("post", json.load(urllib.request.urlopen(token, body))["token_type"])
print("route", opener(urllib.request.HTTPPasswordMgrWithPriorAuth(), route, is_authenticated=True).open(route).status)
