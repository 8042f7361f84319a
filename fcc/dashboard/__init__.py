"""`/admin`: what the server does, in a browser.

The pages are shells: HTML that is the same for everybody, holds no data, and needs no token. Their scripts ask
`/admin/api` with the token that a person typed once, in a header, so that no other site can make a browser send it.

    templates/*.html ─ jinja2, once at the start ─▶ shell ─▶ static/*.js ─ fetch, Authorization ─▶ /admin/api
"""
