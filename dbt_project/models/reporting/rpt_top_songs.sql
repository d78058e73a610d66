{{ chart(ref('rpt_song_plays'), 'song_key', ['song_title', 'artist_name'], 'song_rank') }}
